import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { asRequestError } from '../graph/request-errors.js';

interface Shown {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly fix?: string;
}

/** Errors of routes as callers see them: code, message and fix, never a stack. GraphQL's own go on to where they are shown. */
@Catch()
export class RestErrors implements ExceptionFilter {
  readonly #log = new Logger('REST');

  catch(error: unknown, host: ArgumentsHost): unknown {
    if (host.getType<'graphql' | 'http'>() === 'graphql') return error;
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const { status, ...shown } = this.#shown(error);
    return reply
      .status(status)
      .type('application/json')
      .send(JSON.stringify({ error: shown }));
  }

  #shown(error: unknown): Shown {
    const request = asRequestError(error);
    if (request) {
      const { status, code, message, fix } = request;
      return { status, code, message, ...(fix !== undefined && { fix }) };
    }
    if (error instanceof HttpException) return fromStatus(error.getStatus(), error.message);
    const { statusCode, message } = error as { statusCode?: unknown; message?: unknown };
    if (typeof statusCode === 'number' && statusCode < 500) return fromStatus(statusCode, String(message));
    this.#log.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return {
      status: 500,
      code: 'INTERNAL_SERVER_ERROR',
      message: 'Something broke on our side; it was written to the log.',
    };
  }
}

function fromStatus(status: number, message: string): Shown {
  const codes: Readonly<Record<number, string>> = { 400: 'BAD_REQUEST', 404: 'NOT_FOUND', 413: 'PAYLOAD_TOO_LARGE' };
  return { status, code: codes[status] ?? 'BAD_REQUEST', message };
}
