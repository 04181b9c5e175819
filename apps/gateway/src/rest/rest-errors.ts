import { STATUS_CODES } from 'node:http';
import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { NOTHING_HERE } from '@runledger/platform';
import type { FastifyReply } from 'fastify';
import { MAX_BODY_BYTES } from '../gateway.config.js';
import { asRequestError } from '../graph/request-errors.js';

interface Shown {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly fix: string;
}

/** What requests come to that no route takes, or that no route can read. Messages of the framework quote what was sent. */
const REFUSED: Readonly<Record<number, Omit<Shown, 'status'>>> = {
  400: {
    code: 'BAD_REQUEST',
    message: 'The request cannot be read.',
    fix: 'Send one JSON document, with `content-type: application/json`, or no body where none is asked for.',
  },
  404: NOTHING_HERE,
  413: {
    code: 'PAYLOAD_TOO_LARGE',
    message: `The body has more than ${MAX_BODY_BYTES} bytes.`,
    fix: 'Send less at once, or a link to what is large.',
  },
  415: {
    code: 'UNSUPPORTED_MEDIA_TYPE',
    message: 'Nothing here reads bodies of this type.',
    fix: 'Send JSON, with `content-type: application/json`.',
  },
};

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
      return { status, code, message, fix };
    }
    const status = error instanceof HttpException ? error.getStatus() : (error as { statusCode?: unknown }).statusCode;
    if (typeof status === 'number' && status >= 400 && status < 500) return refusedWith(status);
    this.#log.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return {
      status: 500,
      code: 'INTERNAL_SERVER_ERROR',
      message: 'Something broke on our side; it was written to the log.',
      fix: 'Try again; if it stays, look into the log of the server.',
    };
  }
}

/** What the framework refuses before it looks for a route, as an address that is none. */
export function unreadable(_error: unknown, _request: unknown, reply: FastifyReply): void {
  const shown = {
    code: 'BAD_REQUEST',
    message: 'The address cannot be read.',
    fix: 'Write a `%` that is meant as one as `%25`.',
  };
  void reply.status(400).send({ error: shown });
}

function refusedWith(status: number): Shown {
  const { code, message, fix } = REFUSED[status] ?? {
    code: 'BAD_REQUEST',
    message: `The request was refused: ${STATUS_CODES[status] ?? String(status)}.`,
    fix: 'Look up in the reference how it is asked.',
  };
  return { status, code, message, fix };
}
