const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAY_NAMES = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const MONTH_NAMES = [
  ...['january', 'february', 'march', 'april', 'may', 'june'],
  ...['july', 'august', 'september', 'october', 'november', 'december'],
];
const OTHER_DAYS: Readonly<Record<string, number>> = { tues: 2, weds: 3, thur: 4, thurs: 4 };
const NUMBERS = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve'];
const NTH: Readonly<Record<string, number>> = { first: 1, second: 2, third: 3, fourth: 4, fifth: 5 };

export interface TimeOfDay {
  readonly hour: number;
  readonly minute: number;
}

/** 0 is Sunday: `monday`, `mondays`, `mon`. */
export function dayOf(word: string): number | undefined {
  const one = word.length > 4 && word.endsWith('s') && !(word in OTHER_DAYS) ? word.slice(0, -1) : word;
  const full = DAY_NAMES.indexOf(one);
  const short = (DAYS as readonly string[]).indexOf(one);
  return OTHER_DAYS[one] ?? (full >= 0 ? full : short >= 0 ? short : undefined);
}

/** 1 is January. */
export function monthOf(word: string): number | undefined {
  const at = Math.max(MONTH_NAMES.indexOf(word), MONTHS.indexOf(word === 'sept' ? 'sep' : word));
  return at < 0 ? undefined : at + 1;
}

/** `1st`, `22nd`: a day of a month. */
export function dateOf(word: string): number | undefined {
  const [, digits] = /^(\d{1,2})(?:st|nd|rd|th)$/.exec(word) ?? [];
  const date = Number(digits);
  return date >= 1 && date <= 31 ? date : undefined;
}

/** `first` to `fifth`. */
export function nthOf(word: string): number | undefined {
  return NTH[word];
}

/** `once`, `twice`: how often. */
export function onceOf(word: string): number | undefined {
  const at = ['once', 'twice', 'thrice'].indexOf(word);
  return at < 0 ? undefined : at + 1;
}

/** `2`, `two`: whole numbers as they are written. */
export function numberOf(word: string): number | undefined {
  if (/^\d{1,3}$/.test(word)) return Number(word);
  const at = NUMBERS.indexOf(word);
  return at < 0 ? undefined : at + 1;
}

/** `9am`, `9:30pm`, `17:45`, `noon`, `midnight`. A bare number is no time: it might be anything. */
export function timeOf(word: string): TimeOfDay | undefined {
  if (word === 'noon') return { hour: 12, minute: 0 };
  if (word === 'midnight') return { hour: 0, minute: 0 };
  const [, hours, minutes, half] = /^(\d{1,2})(?::(\d{2}))?(am|pm)?$/.exec(word) ?? [];
  if (hours === undefined || (minutes === undefined && half === undefined)) return undefined;
  const [given, minute] = [Number(hours), Number(minutes ?? 0)];
  if (minute > 59) return undefined;
  if (half === undefined) return given <= 23 ? { hour: given, minute } : undefined;
  return given >= 1 && given <= 12 ? { hour: (given % 12) + (half === 'pm' ? 12 : 0), minute } : undefined;
}
