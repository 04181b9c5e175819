import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GATEWAY_OPTIONS, type GatewayOptions } from '../gateway.config.js';
import { RequestError } from '../graph/request-errors.js';
import { tooManyRequests } from './too-many-requests.js';
import { RateLimits, type Counted } from './rate-limits.js';

/** Probes and scrapes are the operator's. */
const UNCOUNTED = ['/health/', '/metrics'];

const HOUR_SECONDS = 3_600;

/** What every HTTP request meets before anything is read of it: limits, and whether a page from elsewhere may ask at all. */
@Injectable()
export class HttpEdge implements OnModuleInit {
  constructor(
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
    @Inject(RateLimits) private readonly limits: RateLimits,
    @Inject(GATEWAY_OPTIONS) private readonly options: Pick<GatewayOptions, 'corsOrigins'>,
  ) {}

  onModuleInit(): void {
    const { corsOrigins = [] } = this.options;
    const server = this.host.httpAdapter.getInstance<FastifyInstance>();
    if (corsOrigins.length > 0) this.host.httpAdapter.enableCors(corsOptions(corsOrigins), '');
    server.addHook('onRequest', (request, reply) => this.#count(request, reply));
    server.addHook('onRequest', (request, reply) => this.#refuseNul(request, reply));
    server.addHook('onResponse', (request, reply) => this.#remember(request, reply));
  }

  async #count(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
    if (request.method === 'OPTIONS' || UNCOUNTED.some(path => request.url.startsWith(path))) return undefined;
    const exceeded = await this.limits.take(countedOf(request));
    if (!exceeded) return undefined;
    return refused(request, reply.header('retry-after', exceeded.retryAfterSeconds), tooManyRequests(exceeded));
  }

  /** No name of anything holds it, and no database takes it. */
  async #refuseNul(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
    if (!request.url.includes('%00')) return Promise.resolve(undefined);
    const message = 'The address holds the character NUL, which no name has.';
    return refused(request, reply, new RequestError('BAD_USER_INPUT', message, 'Leave `%00` out.'));
  }

  async #remember(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    if (reply.statusCode === 401) await this.limits.failed({ address: request.ip });
  }
}

function refused(request: FastifyRequest, reply: FastifyReply, error: RequestError): FastifyReply {
  const { code, message, fix, status } = error;
  const body = request.url.startsWith('/graphql')
    ? { errors: [{ message, extensions: { code, fix } }] }
    : { error: { code, message, fix } };
  return reply.status(status).type('application/json').send(JSON.stringify(body));
}

function countedOf(request: FastifyRequest): Counted {
  return { authorization: request.headers.authorization, address: request.ip };
}

/** Tokens travel in a header that only the page itself can set: no cookie is ever sent along. */
function corsOptions(origins: readonly string[]) {
  return {
    origin: [...origins],
    methods: ['GET', 'POST', 'DELETE'],
    allowedHeaders: ['authorization', 'content-type', 'idempotency-key', 'x-at-least-position', 'last-event-id'],
    exposedHeaders: ['retry-after', 'content-disposition'],
    credentials: false,
    maxAge: HOUR_SECONDS,
  };
}
