import { pause } from '@runledger/event-store';
import { isFenced } from './fencing.js';
import { isTransient } from './transient.js';

/** How often a failed piece of work is tried, with delays that double from `firstDelayMs` up to `maxDelayMs`. */
export interface RetryPolicy {
  /** Tries in all when the failure looks final. */
  readonly attempts: number;
  /** Tries in all when the failure may go away by itself. */
  readonly retryableAttempts: number;
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
}

/** About 1.5 s for a failure that looks final, about 8 minutes for one that may go away by itself. */
export const DEFAULT_RETRY: RetryPolicy = {
  attempts: 5,
  retryableAttempts: 60,
  firstDelayMs: 100,
  maxDelayMs: 10_000,
};

export interface RetryOptions {
  readonly policy: RetryPolicy;
  /** Ends the waiting; the last failure is thrown. */
  readonly signal: AbortSignal;
  readonly onRetry?: (error: unknown, attempt: number) => void;
  /** The first try was made by the caller, and failed with this. */
  readonly failed?: { readonly error: unknown };
}

/** Does `work` until it succeeds, the policy is used up or the signal aborts; then throws the last failure. */
export async function retrying<T>(
  work: () => Promise<T>,
  { policy, signal, onRetry, failed }: RetryOptions,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      if (failed && attempt === 1) throw failed.error;
      return await work();
    } catch (error) {
      if (signal.aborted || isUsedUp(policy, error, attempt)) throw error;
      onRetry?.(error, attempt);
      await pause(retryDelayMs(policy, attempt), signal);
      if (signal.aborted) throw error;
    }
  }
}

/** True when `attempt` (from 1) was the last one for such a failure; a lost lease does not come back (R3). */
export function isUsedUp(policy: RetryPolicy, error: unknown, attempt: number): boolean {
  return isFenced(error) || attempt >= (isTransient(error) ? policy.retryableAttempts : policy.attempts);
}

/** Delay after the given failed attempt (from 1): doubled each time, the upper half of it by chance. */
export function retryDelayMs(policy: RetryPolicy, attempt: number): number {
  const full = Math.min(policy.maxDelayMs, policy.firstDelayMs * 2 ** Math.min(attempt - 1, 30));
  return full * (0.5 + Math.random() / 2);
}
