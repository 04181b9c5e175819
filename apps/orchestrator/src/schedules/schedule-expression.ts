import type { Recurrence } from '@runledger/contracts';
import { reject, type Rejection } from '@runledger/kernel';
import { dateAt, mondayOf, type Days, type Weeks } from './counted-days.js';
import { readPhrase, type CronPhrase, type PhraseProblem } from './phrase.js';
import { cronProblem, knownTimeZone, nextAfter } from './recurrence.js';
import { placeNote, placeOf } from './time-zone-words.js';

export interface ExpressionRequest {
  readonly expression: string;
  readonly timeZone?: string | undefined;
  /** Which weeks count, where that is known; else the first firing of the expression says it. */
  readonly weeks?: Weeks | undefined;
  /** Which days, likewise. */
  readonly days?: Days | undefined;
  readonly startAt?: string | undefined;
  readonly endAt?: string | undefined;
}

export interface ReadExpression {
  readonly recurrence: Recurrence;
  /** How words were read that could be read in another way. */
  readonly notes: readonly string[];
}

export type InvalidSchedule = Rejection<'INVALID_SCHEDULE'>;

interface Place {
  readonly timeZone: string;
  readonly notes: readonly string[];
}

/** Its first field has no words in it; `9am` begins a phrase. */
const CRON_FIELDS = /^\s*([\d*?,/-]+|@\w+)(\s+[\d*?A-Z#,/-]+)*\s*$/i;
const CRON_LIKE = 'Five fields: minute, hour, day of the month, month, day of the week, as in `0 9 * * 1-5`.';

/** Words or cron fields as a recurrence that fires at least once after `now`, or why they cannot be one. */
export function readExpression(request: ExpressionRequest, now: string): ReadExpression | InvalidSchedule {
  const { expression, startAt, endAt } = request;
  const read = CRON_FIELDS.test(expression) ? readCron(expression) : readPhrase(expression);
  if ('problem' in read) return invalid('expression', read.problem, read.fix);
  const place = placeOfSchedule(request.timeZone, read.zones[0]);
  if ('rejected' in place) return place;
  const recurrence = {
    cron: read.cron,
    timeZone: place.timeZone,
    ...(request.weeks ? { weeks: request.weeks } : {}),
    ...(request.days ? { days: request.days } : {}),
    ...(startAt === undefined ? {} : { startAt: new Date(startAt).toISOString() }),
    ...(endAt === undefined ? {} : { endAt: new Date(endAt).toISOString() }),
  };
  const unreadable = cronProblem(read.cron);
  if (unreadable !== undefined) return invalid('expression', unreadable, CRON_LIKE);
  const next = nextAfter(recurrence, now);
  if (next === undefined) return never(recurrence);
  const { counted, notes } = countedFrom(read, next, place.timeZone);
  return { recurrence: { ...recurrence, ...counted }, notes: [...place.notes, ...notes] };
}

/** The first firing that there can be says which weeks, or days, are meant. */
function countedFrom({ everyWeeks, everyDays }: CronPhrase, first: string, timeZone: string) {
  if (everyWeeks !== undefined) {
    const from = mondayOf(first, timeZone);
    const note = `It fires in one week of ${everyWeeks}, from the week of Monday ${from} on.`;
    return { counted: { weeks: { every: everyWeeks, from } }, notes: [note] };
  }
  if (everyDays === undefined) return { counted: {}, notes: [] };
  const from = dateAt(first, timeZone);
  const note = `It fires on one day of ${everyDays}, from ${from} on.`;
  return { counted: { days: { every: everyDays, from } }, notes: [note] };
}

function readCron(expression: string): CronPhrase | PhraseProblem {
  const fields = expression.trim().split(/\s+/);
  if (fields.length === 5) return { cron: fields.join(' '), zones: [] };
  return { problem: `A cron expression has five fields, this one has ${fields.length}.`, fix: CRON_LIKE };
}

function placeOfSchedule(
  given: string | undefined,
  said: { word: string; place: string } | undefined,
): Place | InvalidSchedule {
  const asked = given === undefined ? undefined : (placeOf(given.toLowerCase()) ?? knownTimeZone(given));
  if (given !== undefined && asked === undefined) {
    return invalid('timeZone', `There is no time zone ${given}.`, 'Take an IANA name, as Europe/Vienna.');
  }
  if (said !== undefined && asked !== undefined && said.place !== asked) {
    const problem = `The expression says ${said.word}, which is ${said.place}, but the time zone is ${asked}.`;
    return invalid('timeZone', problem, 'Leave one of the two out.');
  }
  const timeZone = asked ?? said?.place ?? 'UTC';
  const word =
    given !== undefined && given !== timeZone && placeOf(given.toLowerCase()) !== undefined ? given : undefined;
  const notes = [said, word === undefined ? undefined : { word, place: timeZone }]
    .filter(one => one !== undefined && one.word !== one.place)
    .flatMap(one => (one === undefined ? [] : placeNote(one.word, one.place)));
  return { timeZone, notes };
}

function never({ startAt, endAt }: Recurrence): InvalidSchedule {
  if (endAt !== undefined && startAt !== undefined && endAt < startAt) {
    return invalid('endAt', 'The end is before the start.', 'Exchange the two.');
  }
  if (endAt !== undefined)
    return invalid('endAt', 'It would never fire before its end.', 'Move the end, or leave it out.');
  return invalid('expression', 'It would never fire: there is no such day.', CRON_LIKE);
}

function invalid(path: string, problem: string, fix: string): InvalidSchedule {
  return reject('INVALID_SCHEDULE', problem, { fix, details: [{ path, message: problem, fix }] });
}
