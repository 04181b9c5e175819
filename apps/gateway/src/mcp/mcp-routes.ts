import { Body, Controller, Delete, Get, Inject, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../access/caller.js';
import { RequiresToken } from '../access/requires.js';
import { GATEWAY_OPTIONS, type GatewayOptions } from '../gateway.config.js';
import { CallerOf } from '../graph/graph-context.js';
import { RequestError } from '../graph/request-errors.js';
import { McpAnswers } from './mcp-answers.js';

/** `POST /mcp`: the Model Context Protocol for chats and assistants that start flows and follow them. */
@Controller('mcp')
export class McpRoutes {
  constructor(
    @Inject(McpAnswers) private readonly answers: McpAnswers,
    @Inject(GATEWAY_OPTIONS) private readonly options: Pick<GatewayOptions, 'corsOrigins'>,
  ) {}

  @Post()
  @RequiresToken()
  async take(
    @Body() body: unknown,
    @CallerOf() caller: Caller,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    this.#assertOrigin(request.headers.origin);
    if (Array.isArray(body)) {
      const message = 'One request holds one message: batches are not part of the protocol any more.';
      throw new RequestError('BAD_USER_INPUT', message, 'Send each message by itself.');
    }
    const response = await this.answers.answer({
      url: new URL(request.url, 'http://runledger').href,
      headers: headersOf(request),
      body,
      context: {
        authorization: request.headers.authorization,
        startedFrom: { kind: 'chat', ref: caller.tokenId },
      },
    });
    await reply
      .status(response.status)
      .headers(Object.fromEntries(response.headers))
      .send(await response.text());
  }

  /** There is no stream to listen to and no session to end: each request stands for itself. */
  @Get()
  @RequiresToken()
  async listen(@Res() reply: FastifyReply): Promise<void> {
    await notAllowed(reply);
  }

  @Delete()
  @RequiresToken()
  async end(@Res() reply: FastifyReply): Promise<void> {
    await notAllowed(reply);
  }

  /**
   * A page in a browser names where it comes from, and can make its own name stand for this machine (DNS rebinding): only pages that
   * may call the API come in, and those of this machine. Programs name nothing.
   */
  #assertOrigin(origin: string | undefined): void {
    if (origin === undefined || this.options.corsOrigins?.includes(origin) || isLoopback(origin)) return;
    const message = `Pages from ${origin.slice(0, 200)} may not call this.`;
    throw new RequestError('FORBIDDEN', message, 'Name the origin in CORS_ORIGINS if it should.');
  }
}

function isLoopback(origin: string): boolean {
  return URL.canParse(origin) && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(origin).hostname);
}

function headersOf({ headers }: FastifyRequest): Headers {
  const known = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && name !== 'content-length') known.set(name, [value].flat().join(', '));
  }
  return known;
}

async function notAllowed(reply: FastifyReply): Promise<void> {
  const message = 'The Model Context Protocol is spoken by POST here.';
  await reply
    .status(405)
    .header('allow', 'POST')
    .send({ error: { code: 'METHOD_NOT_ALLOWED', message } });
}
