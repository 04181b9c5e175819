import { RequestError } from '../graph/request-errors.js';
import type { Exceeded } from './rate-limits.js';

/** What a caller hears who asked too often. */
export function tooManyRequests({ retryAfterSeconds }: Exceeded): RequestError {
  return new RequestError(
    'RATE_LIMITED',
    'Too many requests came from you within a minute.',
    `Wait ${retryAfterSeconds} s, then go on more slowly; subscriptions are told what is new without asking.`,
  );
}
