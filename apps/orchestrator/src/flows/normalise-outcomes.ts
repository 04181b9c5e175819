import {
  durationMs,
  type AttemptOutcome,
  type FailureDocument,
  type FailurePolicy,
  type RetryDocument,
  type RetryPolicy,
  type RouteDocument,
  type RouteRule,
} from '@runledger/contracts';

export function normaliseFailure(written: FailureDocument | undefined): FailurePolicy {
  if (written === undefined) return { then: 'FAIL' };
  if (typeof written === 'string') return { then: written };
  const outcome = { then: written.then ?? 'FAIL' };
  return written.retry === undefined ? outcome : { ...outcome, retry: normaliseRetry(written.retry) };
}

export function normaliseRoute({ on, if: condition, to }: RouteDocument): RouteRule {
  const list: readonly AttemptOutcome[] | undefined = typeof on === 'string' ? [on] : on;
  return {
    ...(list === undefined ? {} : { on: [...new Set(list)] }),
    ...(condition === undefined ? {} : { if: condition }),
    to: typeof to === 'string' ? [to] : [...new Set(to)],
  };
}

function normaliseRetry(written: RetryDocument): RetryPolicy {
  const retrying: Exclude<RetryDocument, number> = typeof written === 'number' ? { max: written } : written;
  return {
    max: retrying.max,
    backoffMs: retrying.backoffMs ?? durationMs(retrying.backoff ?? '10s'),
    factor: retrying.factor ?? 2,
    maxBackoffMs: retrying.maxBackoffMs ?? durationMs(retrying.maxBackoff ?? '10m'),
  };
}
