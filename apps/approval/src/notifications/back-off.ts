const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 6 * 3_600_000;

/**
 * How long to wait after the n-th try, from 1, in milliseconds: 5 s, 20 s, 80 s … and at most six hours. With ten tries the last
 * one is made about a day after the first.
 */
export function pauseAfter(attempt: number): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 4 ** (attempt - 1));
}
