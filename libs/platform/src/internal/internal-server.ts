import { fastify } from 'fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { encodeFault, DEADLINE_HEADER, IDEMPOTENCY_HEADER } from '../commands/http/command-wire.js';
import type { CommandIntake } from '../commands/http/command-intake.js';
import { CommandTooLargeError, NotTakingCommandsError } from '../commands/http/http-errors.js';
import type { Consumers } from '../health/consumers.js';
import { HealthRoutes } from '../health/health-routes.js';
import type { Readiness } from '../health/readiness.js';
import { MetricsRoutes } from '../metrics/metrics-routes.js';
import type { MetricsAccess } from '../metrics/metrics-routes.js';
import type { Metrics } from '../metrics/metrics.js';

const NOTHING_OF_OURS = {
  code: 'NOT_FOUND',
  message: 'Nothing has this address.',
  fix: 'This port is for the other processes and for probes: `/health/live`, `/health/ready`, `/metrics`, and POST to `/commands/<service>/<command>`.',
} as const;

/** Largest command, in bytes; the gateway takes requests of at most a quarter of it. */
const MAX_COMMAND_BYTES = 8_000_000;

export interface InternalServerOptions {
  readonly service: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

/** What a service process does once it has started. */
export interface ServedParts {
  /** Left out: the service answers no commands. */
  readonly intake?: CommandIntake;
  readonly readiness: Readiness;
  readonly consumers: Consumers;
  readonly metrics: Metrics;
  readonly metricsAccess: MetricsAccess;
}

interface CommandRoute {
  readonly Params: { readonly service: string; readonly name: string };
  readonly Body: Buffer;
}

/**
 * The port of a service process that is for the other processes and for the operator's probes, not for people: commands,
 * health and metrics. It answers from the first moment: live at once, ready only once the service works and until it stops.
 */
export class InternalServer {
  #url = '';
  #parts: ServedParts | undefined;
  #state: 'starting' | 'serving' | 'stopping' = 'starting';

  private constructor(
    private readonly options: InternalServerOptions,
    private readonly app: FastifyInstance,
  ) {}

  static async listen(options: InternalServerOptions): Promise<InternalServer> {
    const app = fastify({ bodyLimit: MAX_COMMAND_BYTES, forceCloseConnections: true });
    const server = new InternalServer(options, app);
    server.#route();
    server.#url = await app.listen({ host: options.host, port: options.port });
    return server;
  }

  /** Such as `http://127.0.0.1:4711`. */
  get url(): string {
    return this.#url;
  }

  serve(parts: ServedParts): void {
    this.#parts = parts;
    this.#state = 'serving';
  }

  /** Not ready from now on, and no new commands; waits for those under way. False when they take longer than `withinMs`. */
  async drain(withinMs: number): Promise<boolean> {
    this.#state = 'stopping';
    return (await this.#parts?.intake?.close(withinMs)) ?? true;
  }

  async close(): Promise<void> {
    await this.app.close();
  }

  #route(): void {
    const { app } = this;
    // The bytes as they came: the caller's token holds their hash.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    app.setNotFoundHandler((_request, reply) => reply.status(404).send({ error: NOTHING_OF_OURS }));
    app.setErrorHandler((error, _request, reply) => this.#failed(error, reply));
    app.get('/health/live', () => ({ status: 'live' }));
    app.get('/health/ready', (_request, reply) => this.#ready(reply));
    app.get('/metrics', (request, reply) => this.#metrics(request, reply));
    app.post<CommandRoute>('/commands/:service/:name', (request, reply) => this.#command(request, reply));
  }

  async #ready(reply: FastifyReply): Promise<FastifyReply> {
    if (this.#state === 'serving' && this.#parts) {
      const { readiness, consumers } = this.#parts;
      await new HealthRoutes(readiness, consumers).ready(reply);
      return reply;
    }
    const checks = { process: { ok: false, message: `The process is ${this.#state}.` } };
    return reply.status(503).header('cache-control', 'no-store').send({ status: 'not-ready', checks });
  }

  async #metrics(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    if (!this.#parts) return reply.status(503).send();
    const { metrics, metricsAccess } = this.#parts;
    await new MetricsRoutes(metrics, metricsAccess).read(request, reply);
    return reply;
  }

  async #command(request: FastifyRequest<CommandRoute>, reply: FastifyReply): Promise<FastifyReply> {
    const { service } = this.options;
    const intake = this.#parts?.intake;
    if (!intake) return send(reply, 503, encodeFault(new NotTakingCommandsError(service)));
    const { headers, params, body } = request;
    const { status, body: answer } = await intake.take({
      ...params,
      token: /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1],
      commandId: textOf(headers[IDEMPOTENCY_HEADER]),
      deadline: textOf(headers[DEADLINE_HEADER]),
      body,
    });
    return send(reply, status, answer);
  }

  #failed(error: unknown, reply: FastifyReply): FastifyReply {
    const { code, statusCode = 500 } = error as { readonly code?: string; readonly statusCode?: number };
    if (code !== 'FST_ERR_CTP_BODY_TOO_LARGE') return reply.status(statusCode).send({ error: String(error) });
    return send(reply, 413, encodeFault(new CommandTooLargeError(this.options.service, MAX_COMMAND_BYTES)));
  }
}

function send(reply: FastifyReply, status: number, body: string): FastifyReply {
  return reply.status(status).type('application/json').send(body);
}

function textOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
