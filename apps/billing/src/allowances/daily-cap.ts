import type { Plan } from '@runledger/contracts';

/** Runs that a workspace may start on one UTC day; undefined: as many as it likes. */
const CAPS: Readonly<Record<Plan, number | undefined>> = { free: 5, team: 20, business: undefined };

const DAY_MS = 86_400_000;

export function dailyCap(plan: Plan): number | undefined {
  return CAPS[plan];
}

/** The UTC day of an instant, `2026-11-21`. */
export function utcDayOf(instant: string): string {
  return new Date(Date.parse(instant)).toISOString().slice(0, 10);
}

/** When the day after begins. */
export function endOfDay(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00.000Z`) + DAY_MS).toISOString();
}
