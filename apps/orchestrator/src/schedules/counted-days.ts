import type { Recurrence } from '@runledger/contracts';

const DAY_MS = 86_400_000;
const WEEK = 7;
/** The day 0 of the clock was a Thursday. */
const THURSDAY = 3;
/** Clocks are ahead of UTC by at most 14 hours. */
const FARTHEST_EAST_MS = 15 * 3_600_000;

export type Weeks = NonNullable<Recurrence['weeks']>;
export type Days = NonNullable<Recurrence['days']>;

/** Which days count, by the calendar of a place: all of one week of so many, or one day of so many. */
export class CountedDays {
  readonly #dates: Intl.DateTimeFormat;
  readonly #first: number;

  constructor(
    private readonly counted: Weeks | Days,
    /** How many days in a row count, or do not. */
    private readonly together: number,
    timeZone: string,
  ) {
    this.#dates = localDates(timeZone);
    this.#first = dayOf(counted.from);
  }

  /** Undefined: all days count. Weeks begin on Monday, as in RFC 5545. */
  static of({ weeks, days, timeZone }: Recurrence): CountedDays | undefined {
    if (weeks) return new CountedDays(weeks, WEEK, timeZone);
    return days && new CountedDays(days, 1, timeZone);
  }

  has(instant: string): boolean {
    return this.#spansToGo(instant) === 0;
  }

  /** An instant not after the beginning of the next days that count, and not before `instant`, which is in others. */
  skipFrom(instant: string): string {
    const next = this.#first + (this.#spanOf(instant) + this.#spansToGo(instant)) * this.together;
    return new Date(Math.max(Date.parse(instant), next * DAY_MS - FARTHEST_EAST_MS)).toISOString();
  }

  #spansToGo(instant: string): number {
    const { every } = this.counted;
    return (every - (this.#spanOf(instant) % every)) % every;
  }

  #spanOf(instant: string): number {
    return Math.floor((dayOf(this.#dates.format(new Date(instant))) - this.#first) / this.together);
  }
}

/** The Monday of the week in which an instant is at a place. */
export function mondayOf(instant: string, timeZone: string): string {
  const day = dayOf(dateAt(instant, timeZone));
  const monday = day - ((day + THURSDAY) % WEEK);
  return new Date(monday * DAY_MS).toISOString().slice(0, 10);
}

/** The date of an instant at a place. */
export function dateAt(instant: string, timeZone: string): string {
  return localDates(timeZone).format(new Date(instant));
}

/** Days since 1970-01-01. */
function dayOf(date: string): number {
  return Math.floor(Date.parse(date) / DAY_MS);
}

/** Writes `2026-11-21`. */
function localDates(timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
}
