import { pause } from '../pause.js';
import { isPassing } from './eventstoredb-errors.js';

export interface Patience {
  /** How long a call is repeated that failed in passing. */
  readonly retryForMs: number;
  readonly signal: AbortSignal;
  readonly onProblem: (error: Error) => void;
}

const SHORTEST_PAUSE_MS = 25;
const LONGEST_PAUSE_MS = 1_000;

/** Repeats `attempt` while it fails in passing and there is time; then its last error is thrown as it is. */
export async function persist<T>(patience: Patience, attempt: (failures: number) => Promise<T>): Promise<T> {
  const until = performance.now() + patience.retryForMs;
  for (let failures = 0; ; failures += 1) {
    try {
      return await attempt(failures);
    } catch (error) {
      if (!isPassing(error) || patience.signal.aborted || performance.now() >= until) throw error;
      patience.onProblem(error instanceof Error ? error : new Error(String(error)));
      await pause(pauseAfter(failures + 1), patience.signal);
    }
  }
}

/** Grows from failure to failure, and differs between processes that failed together. */
export function pauseAfter(failures: number): number {
  return Math.min(LONGEST_PAUSE_MS, SHORTEST_PAUSE_MS * 2 ** (failures - 1)) * (0.75 + Math.random() / 2);
}
