import type { Recurrence } from '@runledger/contracts';

const DAY_MS = 86_400_000;
/** The day 0 of the clock was a Thursday. */
const THURSDAY = 3;
/** Clocks are ahead of UTC by at most 14 hours. */
const FARTHEST_EAST_MS = 15 * 3_600_000;

export type Weeks = NonNullable<Recurrence['weeks']>;

/** Which weeks count, by the calendar of a place. Weeks begin on Monday, as in RFC 5545. */
export class EveryWeeks {
  readonly #dates: Intl.DateTimeFormat;
  readonly #first: number;

  constructor(
    private readonly weeks: Weeks,
    timeZone: string,
  ) {
    this.#dates = localDates(timeZone);
    this.#first = weekOf(weeks.from);
  }

  has(instant: string): boolean {
    return this.#weeksToGo(instant) === 0;
  }

  /** An instant not after the beginning of the next week that counts, and not before `instant`, which is in one that does not. */
  skipFrom(instant: string): string {
    const monday = (weekOf(this.#dateOf(instant)) + this.#weeksToGo(instant)) * 7 - THURSDAY;
    return new Date(Math.max(Date.parse(instant), monday * DAY_MS - FARTHEST_EAST_MS)).toISOString();
  }

  #weeksToGo(instant: string): number {
    const { every } = this.weeks;
    const passed = (weekOf(this.#dateOf(instant)) - this.#first) % every;
    return (every - passed) % every;
  }

  #dateOf(instant: string): string {
    return this.#dates.format(new Date(instant));
  }
}

/** The Monday of the week in which an instant is at a place. */
export function mondayOf(instant: string, timeZone: string): string {
  const week = weekOf(localDates(timeZone).format(new Date(instant)));
  return new Date((week * 7 - THURSDAY) * DAY_MS).toISOString().slice(0, 10);
}

/** Weeks since the one of 1970-01-01. */
function weekOf(date: string): number {
  return Math.floor((Date.parse(date) / DAY_MS + THURSDAY) / 7);
}

/** Writes `2026-11-21`. */
function localDates(timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
}
