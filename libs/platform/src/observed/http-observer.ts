import { Inject, Injectable } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { SpanKind } from '@opentelemetry/api';
import type { Span } from '@opentelemetry/api';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { boundHistogram } from '../metrics/bound-labels.js';
import { secondsSince } from '../metrics/metrics.js';
import { ATTRIBUTE } from '../traces/attribute-names.js';
import { readTraceparent } from '../traces/traceparent.js';
import { beginSpan, markFailed, NO_TRACES, withinSpan } from '../traces/work.js';
import { TELEMETRY } from './telemetry.js';
import type { Telemetry } from './telemetry.js';

/** What operators' programs ask again and again: timed, not traced. */
const UNTRACED = new Set(['/metrics', '/health/live', '/health/ready']);

interface Observed {
  readonly span: Span;
  readonly route: string;
  readonly startedMs: number;
}

/** Times and traces the requests of this process's HTTP server. A caller's `traceparent` is taken up. */
@Injectable()
export class HttpObserver implements OnModuleInit {
  readonly #requests = new WeakMap<FastifyRequest, Observed>();

  constructor(
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
    @Inject(TELEMETRY) private readonly telemetry: Telemetry,
  ) {}

  onModuleInit(): void {
    const { tracer, metrics } = this.telemetry;
    const durations = boundHistogram(metrics.histogram('httpDuration'), 'method', 'route', 'status');
    const server = this.host.httpAdapter.getInstance<FastifyInstance>();
    server.addHook('onRequest', (request, _reply, done) => {
      const observed = this.#begin(request);
      this.#requests.set(request, observed);
      withinSpan(observed.span, { tracer, fields: { requestId: request.id } }, done);
    });
    // Reading a body leaves the work that began with the request: what follows is entered again.
    server.addHook('preValidation', (request, _reply, done) => {
      const observed = this.#requests.get(request);
      if (observed) withinSpan(observed.span, { tracer, fields: { requestId: request.id } }, done);
      else done();
    });
    server.addHook('onResponse', (request, reply, done) => {
      const observed = this.#requests.get(request);
      if (observed) {
        durations.of(request.method, observed.route, classOf(reply)).observe(secondsSince(observed.startedMs));
        end(observed.span, reply);
      }
      done();
    });
  }

  #begin(request: FastifyRequest): Observed {
    const route = request.routeOptions.url ?? 'none';
    const traceparent = request.headers['traceparent'];
    const span = beginSpan(`${request.method} ${route}`, {
      tracer: UNTRACED.has(route) ? NO_TRACES : this.telemetry.tracer,
      kind: SpanKind.SERVER,
      parent: readTraceparent(typeof traceparent === 'string' ? traceparent : undefined) ?? 'none',
      attributes: { [ATTRIBUTE.httpMethod]: request.method, [ATTRIBUTE.httpRoute]: route },
    });
    return { span, route, startedMs: performance.now() };
  }
}

function classOf({ statusCode }: FastifyReply): string {
  return `${Math.floor(statusCode / 100)}xx`;
}

function end(span: Span, { statusCode }: FastifyReply): void {
  span.setAttribute(ATTRIBUTE.httpStatus, statusCode);
  if (statusCode >= 500) markFailed(span, String(statusCode));
  span.end();
}
