import { beginSpan, markFailed } from '@runledger/platform';
import type { Metrics } from '@runledger/platform';
import { callDurations } from '../agent/model-call-observer.js';
import type { CallDuration } from '../agent/model-call-observer.js';
import type { ToldSpan } from './told-spans.js';

/** Counts and traces what runners tell of their work, as part of the attempt at hand. What nobody was there to hear is not counted. */
export function runnersTelemetry(metrics: Metrics): (op: string, data: unknown) => void {
  const took = callDurations(metrics);
  return (op, data) => {
    if (op === 'model-call') took(data as CallDuration);
    if (op === 'span') repeat(data as ToldSpan);
  };
}

function repeat({ name, kind, startedMs, endedMs, attributes, failed }: ToldSpan): void {
  const span = beginSpan(name, { attributes, startedMs, ...(kind !== undefined && { kind }) });
  const code = attributes['error.type'];
  if (failed) markFailed(span, typeof code === 'string' ? code : 'UNKNOWN');
  span.end(endedMs);
}
