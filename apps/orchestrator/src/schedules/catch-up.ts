import type { CatchUp } from '@runledger/contracts';

/** A firing that is not later than this is on time: nobody calls the time between two looks at the clock a miss. */
const ON_TIME_MS = 60_000;

/** Which of the firings that are due are started, oldest first, and how many are left out. */
export function toStart(
  due: readonly string[],
  { policy, max }: CatchUp,
  now: string,
): { readonly started: readonly string[]; readonly skipped: number } {
  const started = due.slice(-most(policy, max)).filter(firing => policy !== 'SKIP' || isOnTime(firing, now));
  return { started, skipped: due.length - started.length };
}

function most(policy: CatchUp['policy'], max: number): number {
  return policy === 'ALL' ? max : 1;
}

function isOnTime(firing: string, now: string): boolean {
  return Date.parse(now) - Date.parse(firing) <= ON_TIME_MS;
}
