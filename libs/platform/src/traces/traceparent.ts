import { isSpanContextValid, TraceFlags } from '@opentelemetry/api';
import type { Link, SpanContext } from '@opentelemetry/api';
import { ATTRIBUTE } from './attribute-names.js';

const FORM = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;

/** The place in a trace that a W3C `traceparent` names; undefined when it names none. */
export function readTraceparent(text: string | undefined): SpanContext | undefined {
  const parts = text === undefined ? null : FORM.exec(text);
  if (!parts) return undefined;
  const [, traceId = '', spanId = '', flags = '00'] = parts;
  const place = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED, isRemote: true };
  return isSpanContextValid(place) ? place : undefined;
}

/** The other way round; undefined for the place of a span that nobody records. */
export function writeTraceparent(place: SpanContext | undefined): string | undefined {
  if (!place || !isSpanContextValid(place)) return undefined;
  const flags = place.traceFlags.toString(16).padStart(2, '0');
  return `00-${place.traceId}-${place.spanId}-${flags}`;
}

/** A link to the place that a `traceparent` names, saying `what` is there; none when it names none. */
export function linkTo(what: string, traceparent: string | undefined): Link[] {
  const context = readTraceparent(traceparent);
  return context ? [{ context, attributes: { [ATTRIBUTE.link]: what } }] : [];
}
