import { SpanKind } from '@opentelemetry/api';
import type { Span } from '@opentelemetry/api';
import type { AppendOutcome, EventStore, NewEvent, StreamRef } from '@runledger/event-store';
import { failureCode } from '@runledger/messaging';
import { boundCounter } from '../metrics/bound-labels.js';
import { secondsSince } from '../metrics/metrics.js';
import { ATTRIBUTE, storyAttributes } from '../traces/attribute-names.js';
import { writeTraceparent } from '../traces/traceparent.js';
import { beginSpan, markFailed } from '../traces/work.js';
import { withReplaced } from './replaced-members.js';
import type { Telemetry } from './telemetry.js';

/**
 * The store with its appends counted, timed and traced. Events carry the place of their append in the trace to whoever
 * reacts to them, in this process or another.
 */
export function observedStore(store: EventStore, { metrics, tracer }: Telemetry): EventStore {
  const outcomes = boundCounter(metrics.counter('appends'), 'outcome');
  const stored = metrics.counter('appendedEvents');
  const duration = metrics.histogram('appendDuration');
  const took = (startedMs: number, outcome: AppendOutcome['status'] | 'failed') => {
    duration.observe(secondsSince(startedMs));
    outcomes.of(outcome).inc();
  };
  const append: EventStore['append'] = async (stream, events, expected) => {
    const startedMs = performance.now();
    const span = beginSpan('append', { tracer, kind: SpanKind.PRODUCER });
    if (span.isRecording()) describe(span, stream, events);
    try {
      const outcome = await store.append(stream, carrying(span, events), expected);
      took(startedMs, outcome.status);
      if (outcome.status === 'appended') stored.inc(events.length);
      span.setAttribute(ATTRIBUTE.outcome, outcome.status);
      return outcome;
    } catch (error) {
      took(startedMs, 'failed');
      markFailed(span, failureCode(error));
      throw error;
    } finally {
      span.end();
    }
  };
  return withReplaced(store, { append });
}

function describe(span: Span, { tenant, name }: StreamRef, events: readonly NewEvent[]): void {
  const category = name.split('-', 1)[0] ?? name;
  const [first] = events;
  span.updateName(`append ${category}`);
  span.setAttributes({
    [ATTRIBUTE.streamCategory]: category,
    [ATTRIBUTE.workspaceId]: tenant,
    [ATTRIBUTE.events]: events.map(({ type }) => type),
    ...(first && storyAttributes(first.metadata.correlationId)),
  });
}

/** Ids stay as they are, so that a repeat counts once whatever trace it belongs to (E1). */
function carrying(span: Span, events: readonly NewEvent[]): readonly NewEvent[] {
  const traceparent = writeTraceparent(span.spanContext());
  if (traceparent === undefined) return events;
  return events.map(event => ({ ...event, metadata: { ...event.metadata, traceparent } }));
}
