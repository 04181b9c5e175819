import { PhraseReader } from './phrase-reader.js';
import type { PhraseParts } from './phrase-reader.js';

/** A phrase as five cron fields, and the time zone that it names. */
export interface CronPhrase {
  readonly cron: string;
  /** Only in every so many weeks. */
  readonly everyWeeks?: number;
  /** Only on one day of so many. */
  readonly everyDays?: number;
  readonly zones: PhraseParts['zones'];
}

/** Why a phrase cannot be a schedule: one sentence each for what is wrong and for what would help. */
export interface PhraseProblem {
  readonly problem: string;
  readonly fix: string;
}

/** As many as a year has: a longer distance would be about dates. */
const MOST_WEEKS = 52;
const MOST_DAYS = 365;
/** Words that people use in two ways. */
const AMBIGUOUS: Readonly<Record<string, PhraseProblem>> = {
  biweekly: {
    problem: '“biweekly” may mean every other week or twice a week.',
    fix: 'Write “every other monday at 9am” or “every monday and thursday at 9am”.',
  },
  bimonthly: {
    problem: '“bimonthly” may mean every other month or twice a month.',
    fix: 'Write “on the 1st and 15th of every month at 9am”, or name the months.',
  },
};
const LIKE = 'Write it like “every weekday at 9am Europe/Vienna” or “every 15 minutes”, or as a cron expression.';

/**
 * Reads `every monday at 9am EST`. Strict on purpose: a word that is not understood is quoted back, and what could be read in
 * two ways is refused, so that no schedule fires at a time that nobody meant.
 */
export function readPhrase(phrase: string): CronPhrase | PhraseProblem {
  const { parts } = new PhraseReader(phrase);
  const ambiguous = parts.unknown.map(word => AMBIGUOUS[word.replaceAll('-', '')]).find(Boolean);
  if (ambiguous) return ambiguous;
  if (parts.unknown.length > 0) {
    const words = parts.unknown.map(word => `“${word}”`).join(', ');
    return { problem: `${words} ${parts.unknown.length === 1 ? 'was' : 'were'} not understood.`, fix: LIKE };
  }
  const problem = problemOf(parts);
  if (problem) return problem;
  const [everyWeeks = 1] = parts.weeks;
  const [everyDays = 1] = parts.distances;
  const cron = [...timeFields(parts), ...dateFields(parts)].join(' ');
  return {
    cron,
    zones: parts.zones,
    ...(everyWeeks > 1 ? { everyWeeks } : {}),
    ...(everyDays > 1 ? { everyDays } : {}),
  };
}

function problemOf(parts: PhraseParts): PhraseProblem | undefined {
  return (
    howOften(parts) ??
    whichWeeks(parts) ??
    whichDistance(parts) ??
    howMany(parts) ??
    whichDays(parts) ??
    whichTime(parts)
  );
}

function howOften({ steps, weeks, distances, ...parts }: PhraseParts): PhraseProblem | undefined {
  const said = [steps, weeks, distances, parts.spans, parts.days, parts.daysOfMonth, parts.dates, parts.months];
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

/** `every other day`, `every 3 days`. */
function whichDistance({ distances, weeks, spans, days, ...parts }: PhraseParts): PhraseProblem | undefined {
  const [every] = distances;
  if (every === undefined) return undefined;
  if (distances.length > 1 || weeks.length + parts.steps.length > 0) {
    return { problem: 'It gives two distances.', fix: 'Make two schedules.' };
  }
  if (every < 1 || every > MOST_DAYS) {
    return { problem: `Every ${every} days is no distance.`, fix: `Take a number of days up to ${MOST_DAYS}.` };
  }
  const others = spans.length + days.length + parts.daysOfMonth.length + parts.dates.length + parts.months.length;
  return others === 0 ? undefined : { problem: 'It says in two ways on which days.', fix: 'Make two schedules.' };
}

const COUNTED = {
  day: { what: 'times', fix: 'Say as many times, as in “twice a day at 9am and 5pm”.' },
  week: { what: 'days', fix: 'Say as many days, as in “twice a week on monday and thursday at 9am”.' },
  month: { what: 'dates', fix: 'Say as many dates, as in “twice a month on the 1st and 15th at 9am”.' },
} as const;

/** `twice a day` says how many times have to be named; which ones is nobody's to guess. */
function howMany({ counts, times, days, daysOfMonth, dates }: PhraseParts): PhraseProblem | undefined {
  if (counts.length > 1) return { problem: 'It says twice how often.', fix: 'Make two schedules.' };
  const [count] = counts;
  if (!count) return undefined;
  const said = { day: times.length, week: days.length, month: daysOfMonth.length + dates.length }[count.in];
  if (said === count.often) return undefined;
  const { what, fix } = COUNTED[count.in];
  return { problem: `It says “${count.words}” and names ${said === 0 ? 'no' : said} ${what}.`, fix };
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
