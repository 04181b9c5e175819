import { AsyncLocalStorage } from 'node:async_hooks';
import { INVALID_TRACEID, ProxyTracerProvider, ROOT_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Attributes, Link, Span, SpanContext, SpanKind, Tracer } from '@opentelemetry/api';
import { failureCode } from '@runledger/messaging';
import { writeTraceparent } from './traceparent.js';

/** Records nothing, and carries on what traces come in from outside. */
export const NO_TRACES: Tracer = new ProxyTracerProvider().getTracer('runledger');
const UNRECORDED = NO_TRACES.startSpan('unrecorded');

/** What log lines say about the work that wrote them. Ids only. */
export interface WorkFields {
  readonly runId?: string;
  readonly correlationId?: string;
  readonly commandId?: string;
  readonly attemptId?: string;
  readonly consumer?: string;
  readonly requestId?: string;
}

interface Work {
  readonly fields: WorkFields;
  readonly span: Span | undefined;
  readonly tracer: Tracer;
}

const current = new AsyncLocalStorage<Work>();

export interface SpanOptions {
  /** Where the work comes in: who records it. Left out: whoever records the work around it. */
  readonly tracer?: Tracer;
  readonly kind?: SpanKind;
  readonly attributes?: Attributes;
  readonly links?: readonly Link[];
  /** In ms since the epoch, of work that was done elsewhere; left out: now. */
  readonly startedMs?: number;
  /** `none` begins a trace of its own. Left out: the span around it; else the work around it counts for nothing. */
  readonly parent?: SpanContext | 'none' | undefined;
  /** For the log lines of this work, beside those of the work around it. */
  readonly fields?: WorkFields;
}

/** Begins a span without entering it: whoever begins it ends it. */
export function beginSpan(name: string, options: SpanOptions = {}): Span {
  const around = current.getStore();
  const tracer = options.tracer ?? around?.tracer ?? NO_TRACES;
  if (tracer === NO_TRACES) return unrecorded(placeOf(options.parent, around));
  const { kind, attributes, links, startedMs } = options;
  const settings = {
    ...(kind !== undefined && { kind }),
    ...(attributes && { attributes }),
    ...(startedMs !== undefined && { startTime: startedMs }),
    ...(links && links.length > 0 && { links: [...links] }),
  };
  const place = placeOf(options.parent, around);
  return tracer.startSpan(name, settings, place ? trace.setSpanContext(ROOT_CONTEXT, place) : ROOT_CONTEXT);
}

function placeOf(parent: SpanOptions['parent'], around: Work | undefined): SpanContext | undefined {
  return parent === 'none' ? undefined : (parent ?? around?.span?.spanContext());
}

/** What the tracer that records nothing would answer, without its way there: this is on the path of every append. */
function unrecorded(place: SpanContext | undefined): Span {
  return place && place.traceId !== INVALID_TRACEID ? trace.wrapSpanContext(place) : UNRECORDED;
}

/** Does `work` as part of a span: what it logs and what it begins belongs to it. */
export function withinSpan<T>(span: Span, options: SpanOptions, work: () => T): T {
  const around = current.getStore();
  const tracer = options.tracer ?? around?.tracer ?? NO_TRACES;
  const inherited = options.parent === undefined ? around?.fields : undefined;
  return current.run({ fields: { ...inherited, ...options.fields }, span, tracer }, work);
}

/** A span around `work`, ended with it. A failure is recorded by its code, never by its message: that may quote data. */
export async function inSpan<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T> {
  const span = beginSpan(name, options);
  try {
    return await withinSpan(span, options, () => work(span));
  } catch (error) {
    markFailed(span, failureCode(error));
    throw error;
  } finally {
    span.end();
  }
}

export function markFailed(span: Span, code: string): void {
  span.setAttribute('error.type', code);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

/** The span of the work at hand. */
export function currentSpan(): Span | undefined {
  return current.getStore()?.span;
}

/** W3C `traceparent` of the work at hand, for whatever carries it on: an event, a request. */
export function currentTraceparent(): string | undefined {
  return writeTraceparent(currentSpan()?.spanContext());
}

/** What every log line of the work at hand says. */
export function currentFields(): WorkFields & { readonly traceId?: string } {
  const work = current.getStore();
  if (!work) return {};
  const place = work.span?.spanContext();
  const isTraced = place !== undefined && writeTraceparent(place) !== undefined;
  return { ...work.fields, ...(isTraced && { traceId: place.traceId }) };
}

/** How log lines name a story: every story has a correlation id, and a run's is the run's id. */
export function storyFields(correlationId: string): WorkFields {
  return { correlationId, ...(correlationId.startsWith('run_') && { runId: correlationId }) };
}
