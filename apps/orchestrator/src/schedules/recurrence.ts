import type { Recurrence } from '@runledger/contracts';
import { Cron } from 'croner';
import { CountedDays } from './counted-days.js';

/** More than any answer holds; what was missed beyond it is not counted. */
const MOST_COUNTED = 1_000;
const FEW = 3;

/**
 * The first firing after an instant, ISO 8601 UTC; undefined when there is none. A wall time that a change to summer time
 * leaves out fires at the first instant after the gap, and one that comes twice fires the first time: never zero, never twice.
 * Minutes and hours with a `*` are distances instead, and go on through the repeated hour.
 */
export function nextAfter(recurrence: Recurrence, after: string): string | undefined {
  return firingsAfter(recurrence, after, 1)[0];
}

/** The first `count` firings after an instant. */
export function firingsAfter(recurrence: Recurrence, after: string, count: number): string[] {
  const { startAt, endAt } = recurrence;
  const beforeStart = startAt === undefined ? Number.NEGATIVE_INFINITY : Date.parse(startAt) - 1;
  const from = new Date(Math.max(Date.parse(after), beforeStart)).toISOString();
  const counted = CountedDays.of(recurrence);
  const found = counted ? onCountedDays(recurrence, counted, { from, count }) : runsAfter(recurrence, from, count);
  return found.filter(firing => firing > after && (endAt === undefined || firing <= canonical(endAt)));
}

function runsAfter(recurrence: Recurrence, from: string, count: number): string[] {
  const runs = cronOf(recurrence).nextRuns(count, new Date(from));
  return runs.map(firing => firing.toISOString());
}

/** Days that do not count are left out as a whole: they may hold thousands of firings. */
function onCountedDays(
  recurrence: Recurrence,
  counted: CountedDays,
  { from, count }: { readonly from: string; readonly count: number },
): string[] {
  const found: string[] = [];
  for (let [next] = runsAfter(recurrence, from, 1); next !== undefined && found.length < count;) {
    const counts = counted.has(next);
    if (counts) found.push(next);
    [next] = runsAfter(recurrence, counts ? next : counted.skipFrom(next), 1);
  }
  return found;
}

/** The firings from one instant up to and with another, oldest first; of very many only the latest. */
export function firingsBetween(recurrence: Recurrence, first: string, last: string): string[] {
  const { endAt } = recurrence;
  const until = endAt === undefined || last < canonical(endAt) ? last : canonical(endAt);
  const [before, after] = [new Date(Date.parse(first) - 1), new Date(Date.parse(until) + 1_000)];
  const counted = CountedDays.of(recurrence);
  // Mostly there is one, and looking ahead from it is cheap.
  const ahead = cronOf(recurrence).nextRuns(FEW, before);
  const reaches = ahead.length < FEW || (ahead.at(-1)?.getTime() ?? 0) > Date.parse(until);
  const found = reaches ? ahead : cronOf(recurrence).previousRuns(MOST_COUNTED, after);
  return found
    .map(firing => firing.toISOString())
    .filter(firing => firing >= first && firing <= until && (counted?.has(firing) ?? true))
    .sort();
}

/** What is wrong with five cron fields, in a sentence; undefined when they can be read. */
export function cronProblem(cron: string): string | undefined {
  try {
    cronOf({ cron, timeZone: 'UTC' });
    return undefined;
  } catch (error) {
    return (error as Error).message.replace(/^CronPattern: /, '');
  }
}

/** The IANA name as it is written; undefined when there is no such zone. Offsets like `+02:00` are no places. */
export function knownTimeZone(name: string): string | undefined {
  if (!/^[a-z]/i.test(name)) return undefined;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return undefined;
  }
}

/** Lists of hours and minutes are wall times like single ones; only a `*` makes distances. */
function cronOf({ cron, timeZone }: Pick<Recurrence, 'cron' | 'timeZone'>): Cron {
  return new Cron(cron, { timezone: timeZone, mode: '5-part', fixedTimeRule: 'no-wildcard', paused: true });
}

function canonical(instant: string): string {
  return new Date(instant).toISOString();
}
