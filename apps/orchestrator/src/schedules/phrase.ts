import { PhraseReader } from './phrase-reader.js';
import type { PhraseParts } from './phrase-reader.js';

/** A phrase as five cron fields, and the time zone that it names. */
export interface CronPhrase {
  readonly cron: string;
  /** Only in every so many weeks. */
  readonly everyWeeks?: number;
  readonly zones: PhraseParts['zones'];
}

/** Why a phrase cannot be a schedule: one sentence each for what is wrong and for what would help. */
export interface PhraseProblem {
  readonly problem: string;
  readonly fix: string;
}

/** As many as a year has: a longer distance would be about dates. */
const MOST_WEEKS = 52;
const LIKE = 'Write it like “every weekday at 9am Europe/Vienna” or “every 15 minutes”, or as a cron expression.';

/**
 * Reads `every monday at 9am EST`. Strict on purpose: a word that is not understood is quoted back, and what could be read in
 * two ways is refused, so that no schedule fires at a time that nobody meant.
 */
export function readPhrase(phrase: string): CronPhrase | PhraseProblem {
  const { parts } = new PhraseReader(phrase);
  if (parts.unknown.length > 0) {
    const words = parts.unknown.map(word => `“${word}”`).join(', ');
    return { problem: `${words} ${parts.unknown.length === 1 ? 'was' : 'were'} not understood.`, fix: LIKE };
  }
  const problem = problemOf(parts);
  if (problem) return problem;
  const [everyWeeks = 1] = parts.weeks;
  const cron = [...timeFields(parts), ...dateFields(parts)].join(' ');
  return { cron, zones: parts.zones, ...(everyWeeks > 1 ? { everyWeeks } : {}) };
}

function problemOf(parts: PhraseParts): PhraseProblem | undefined {
  return howOften(parts) ?? whichWeeks(parts) ?? whichDays(parts) ?? whichTime(parts);
}

function howOften({ steps, weeks, spans, days, daysOfMonth, dates, months }: PhraseParts): PhraseProblem | undefined {
  const said = [steps, weeks, spans, days, daysOfMonth, dates, months];
  if (said.every(parts => parts.length === 0)) {
    return { problem: 'It does not say how often.', fix: LIKE };
  }
  if (steps.length > 1) return { problem: 'It gives two distances.', fix: 'Make two schedules.' };
  const [step] = steps;
  const whole = step?.unit === 'hour' ? 24 : 60;
  if (!step || (step.every >= 1 && step.every < whole && whole % step.every === 0)) return undefined;
  return {
    problem: `Every ${step.every} ${step.unit}s does not fit into ${step.unit === 'hour' ? 'a day' : 'an hour'} evenly.`,
    fix: `Take a number of ${step.unit}s that divides ${whole}, or say the times.`,
  };
}

function whichWeeks({ weeks, spans, days, daysOfMonth, dates, months }: PhraseParts): PhraseProblem | undefined {
  const [every] = weeks;
  if (every === undefined) return undefined;
  if (weeks.length > 1) return { problem: 'It gives two distances.', fix: 'Make two schedules.' };
  if (every < 1 || every > MOST_WEEKS) {
    return { problem: `Every ${every} weeks is no distance.`, fix: `Take a number of weeks up to ${MOST_WEEKS}.` };
  }
  if (spans.length + daysOfMonth.length + dates.length + months.length > 0) {
    return { problem: 'It says in two ways on which days.', fix: 'Make two schedules.' };
  }
  if (days.length > 0) return undefined;
  return { problem: 'It does not say on which day of the week.', fix: 'Add the day, as in “every 2 weeks on monday”.' };
}

function whichDays(parts: PhraseParts): PhraseProblem | undefined {
  const { spans, days, daysOfMonth, dates, months } = parts;
  const ways = [spans.includes('day'), days.length > 0, daysOfMonth.length > 0, dates.length > 0].filter(Boolean);
  if (ways.length > 1) return { problem: 'It says in two ways on which days.', fix: 'Make two schedules.' };
  const lacks = (problem: string) => ({ problem, fix: LIKE });
  if (spans.includes('week') && days.length === 0) return lacks('It does not say on which day of the week.');
  const inMonth = daysOfMonth.length + dates.length;
  if (spans.includes('month') && inMonth === 0) return lacks('It does not say on which day of the month.');
  if (spans.includes('year') && (months.length === 0 || inMonth === 0))
    return lacks('It does not say on which day of the year.');
  if (months.length > 0 && inMonth + days.length === 0) return lacks('It does not say on which day of the month.');
  return undefined;
}

function whichTime({ steps, times, zones }: PhraseParts): PhraseProblem | undefined {
  if (zones.length > 1) return { problem: 'It names two time zones.', fix: 'Name one.' };
  if (steps.length > 0) {
    return times.length === 0
      ? undefined
      : { problem: 'It gives a distance and a time of day.', fix: 'Give one of them.' };
  }
  if (times.length === 0) return { problem: 'It does not say at what time.', fix: 'Add the time, as “at 9am”.' };
  if (new Set(times.map(({ minute }) => minute)).size === 1) return undefined;
  return { problem: 'Its times differ in their minutes.', fix: 'Make a schedule for each.' };
}

function timeFields({ steps, times }: PhraseParts): string[] {
  const [step] = steps;
  if (!step) return [String(times[0]?.minute ?? 0), listed(times.map(({ hour }) => hour))];
  const every = step.every === 1 ? '*' : `*/${step.every}`;
  return step.unit === 'minute' ? [every, '*'] : ['0', every];
}

function dateFields({ days, daysOfMonth, dates, months }: PhraseParts): string[] {
  const numbers = dates.filter(date => typeof date === 'number');
  const named = dates.filter(date => typeof date === 'string');
  const date = [...(numbers.length > 0 ? [listed(numbers)] : []), ...new Set(named)].join(',');
  const week = days.length > 0 ? listed(days) : [...new Set(daysOfMonth)].join(',');
  return [date || '*', months.length > 0 ? listed(months) : '*', week || '*'];
}

/** `1-5` for five in a row, else `1,3,5`. */
function listed(numbers: readonly number[]): string {
  const sorted = [...new Set(numbers)].sort((a, b) => a - b);
  const [first = 0] = sorted;
  const isRow = sorted.length > 2 && sorted.every((number, at) => number === first + at);
  return isRow ? `${first}-${sorted.at(-1) ?? first}` : sorted.join(',');
}
