import { dateOf, dayOf, monthOf, nthOf, numberOf, onceOf, timeOf } from './phrase-words.js';
import type { TimeOfDay } from './phrase-words.js';
import { knownTimeZone } from './recurrence.js';
import { placeOf } from './time-zone-words.js';

/** What a phrase says, each thing in its place; `unknown` are the words that no rule took. */
export interface PhraseParts {
  readonly steps: { readonly unit: 'minute' | 'hour'; readonly every: number }[];
  /** Every so many weeks. */
  readonly weeks: number[];
  /** On one day of so many. */
  readonly distances: number[];
  /** `twice a day`. */
  readonly counts: { readonly often: number; readonly in: 'day' | 'week' | 'month'; readonly words: string }[];
  readonly spans: ('day' | 'week' | 'month' | 'year')[];
  readonly days: number[];
  /** As cron writes them: `1#2` is the second Monday, `5#L` the last Friday. */
  readonly daysOfMonth: string[];
  readonly dates: (number | 'L' | 'LW' | '1W')[];
  readonly months: number[];
  readonly times: TimeOfDay[];
  readonly zones: { readonly word: string; readonly place: string }[];
  readonly unknown: string[];
}

const FILLERS = new Set(['every', 'each', 'on', 'at', 'and', 'of', 'the', 'in']);
const SPANS = { daily: 'day', weekly: 'week', monthly: 'month', yearly: 'year', annually: 'year' } as const;
const A = new Set(['a', 'per', 'each', 'every']);
const WORKDAYS = [1, 2, 3, 4, 5];
const TO = new Set(['to', 'through']);

/** Reads word by word; each rule answers how many words it took. */
export class PhraseReader {
  readonly parts: PhraseParts = {
    ...{
      steps: [],
      weeks: [],
      distances: [],
      counts: [],
      spans: [],
      days: [],
      daysOfMonth: [],
      dates: [],
      months: [],
      times: [],
      zones: [],
      unknown: [],
    },
  };
  readonly #words: readonly string[];
  readonly #rules = [
    (at: number) => this.#step(at),
    (at: number) => this.#weeks(at),
    (at: number) => this.#distance(at),
    (at: number) => this.#count(at),
    (at: number) => this.#span(at),
    (at: number) => this.#nth(at),
    (at: number) => this.#days(at),
    (at: number) => this.#date(at),
    (at: number) => this.#month(at),
    (at: number) => this.#time(at),
    (at: number) => this.#zone(at),
    (at: number) => (FILLERS.has(this.#word(at)) ? 1 : 0),
  ];

  constructor(phrase: string) {
    this.#words = wordsOf(phrase);
    for (let at = 0; at < this.#words.length;) {
      const taken = this.#taken(at);
      if (taken === 0) this.parts.unknown.push(this.#word(at));
      at += Math.max(1, taken);
    }
  }

  #taken(at: number): number {
    for (const rule of this.#rules) {
      const taken = rule(at);
      if (taken > 0) return taken;
    }
    return 0;
  }

  #word(at: number): string {
    return this.#words[at] ?? '';
  }

  /** `every minute`, `every 15 minutes`, `hourly`. */
  #step(at: number): number {
    if (this.#word(at) === 'hourly') return this.#keep(this.parts.steps, { unit: 'hour', every: 1 }, 1);
    const isNumbered = /^\d+$/.test(this.#word(at));
    const unit = unitOf(this.#word(isNumbered ? at + 1 : at));
    if (unit === undefined || (!isNumbered && !this.#follows(at, 'every', 'each'))) return 0;
    const every = isNumbered ? Number(this.#word(at)) : 1;
    return this.#keep(this.parts.steps, { unit, every }, isNumbered ? 2 : 1);
  }

  /** `every other friday`, `every other week`, `every 2 weeks`, `fortnightly`. “Biweekly” means two things, and is not taken. */
  #weeks(at: number): number {
    const word = this.#word(at);
    if (word === 'fortnightly') return this.#keep(this.parts.weeks, 2, 1);
    if (!this.#follows(at, 'every', 'each')) return 0;
    if (word === 'fortnight') return this.#keep(this.parts.weeks, 2, 1);
    const next = this.#word(at + 1);
    if (word === 'other' && dayOf(next) !== undefined) return this.#keep(this.parts.weeks, 2, 1);
    if (word === 'other' && next === 'week') return this.#keep(this.parts.weeks, 2, 2);
    const every = numberOf(word);
    return every !== undefined && next === 'weeks' ? this.#keep(this.parts.weeks, every, 2) : 0;
  }

  /** `every other day`, `every 3 days`. */
  #distance(at: number): number {
    if (!this.#follows(at, 'every', 'each')) return 0;
    const [word, next] = [this.#word(at), this.#word(at + 1)];
    if (word === 'other' && next === 'day') return this.#keep(this.parts.distances, 2, 2);
    const every = numberOf(word);
    return every !== undefined && next === 'days' ? this.#keep(this.parts.distances, every, 2) : 0;
  }

  /** `once a week`, `twice a day`, `three times a month`. */
  #count(at: number): number {
    const named = onceOf(this.#word(at));
    const often = named ?? (this.#word(at + 1) === 'times' ? numberOf(this.#word(at)) : undefined);
    const length = named === undefined ? 4 : 3;
    const span = this.#word(at + length - 1);
    if (often === undefined || !A.has(this.#word(at + length - 2)) || !isCountable(span)) return 0;
    this.parts.spans.push(span);
    return this.#keep(
      this.parts.counts,
      { often, in: span, words: this.#words.slice(at, at + length).join(' ') },
      length,
    );
  }

  /** `daily`, `every day`, `of the month`. */
  #span(at: number): number {
    const word = this.#word(at);
    if (word in SPANS) return this.#keep(this.parts.spans, SPANS[word as keyof typeof SPANS], 1);
    if (word !== 'day' && word !== 'week' && word !== 'month' && word !== 'year') return 0;
    return this.#follows(at, 'every', 'each', 'the') ? this.#keep(this.parts.spans, word, 1) : 0;
  }

  /** `first monday of the month`, `last day of every month`. Without the month it might mean every other one. */
  #nth(at: number): number {
    const last = this.#word(at) === 'last';
    const nth = nthOf(this.#word(at));
    if ((!last && nth === undefined) || !this.#isOfMonth(at + 2)) return 0;
    const what = this.#word(at + 1);
    const day = dayOf(what);
    if (day !== undefined) return this.#keep(this.parts.daysOfMonth, `${day}#${last ? 'L' : (nth ?? 1)}`, 2);
    if (what === 'day') return this.#keep(this.parts.dates, last ? 'L' : (nth ?? 1), 2);
    if (what !== 'weekday' || (nth ?? 1) > 1) return 0;
    return this.#keep(this.parts.dates, last ? 'LW' : '1W', 2);
  }

  #isOfMonth(at: number): boolean {
    if (this.#word(at) !== 'of') return false;
    const word = this.#word(FILLERS.has(this.#word(at + 1)) ? at + 2 : at + 1);
    return word === 'month' || monthOf(word) !== undefined;
  }

  /** `monday`, `mondays`, `mon-fri`, `monday to friday`, `weekdays`, `weekend`. */
  #days(at: number): number {
    const word = this.#word(at);
    if (word === 'weekday' || word === 'weekdays') return this.#keepAll(WORKDAYS, 1);
    if (word === 'weekend' || word === 'weekends') return this.#keepAll([6, 0], 1);
    const [from, to] = word.split('-').map(dayOf);
    if (from === undefined) return 0;
    if (word.includes('-')) return to === undefined ? 0 : this.#keepAll(daysBetween(from, to), 1);
    const end = TO.has(this.#word(at + 1)) ? dayOf(this.#word(at + 2)) : undefined;
    return end === undefined ? this.#keepAll([from], 1) : this.#keepAll(daysBetween(from, end), 3);
  }

  #date(at: number): number {
    const date = dateOf(this.#word(at));
    return date === undefined ? 0 : this.#keep(this.parts.dates, date, 1);
  }

  /** `january`, `january 1`. */
  #month(at: number): number {
    const month = monthOf(this.#word(at));
    if (month === undefined) return 0;
    const date = /^\d{1,2}$/.test(this.#word(at + 1)) ? dateOf(`${this.#word(at + 1)}th`) : undefined;
    if (date !== undefined) this.parts.dates.push(date);
    return this.#keep(this.parts.months, month, date === undefined ? 1 : 2);
  }

  #time(at: number): number {
    const time = timeOf(this.#word(at));
    return time === undefined ? 0 : this.#keep(this.parts.times, time, 1);
  }

  /** `EST`, `eastern time`, `Europe/Vienna`. */
  #zone(at: number): number {
    const word = this.#word(at);
    const place = word.includes('/') ? knownTimeZone(word) : placeOf(word);
    if (place === undefined) return 0;
    const shown = word.includes('/') ? place : word.toUpperCase();
    return this.#keep(this.parts.zones, { word: shown, place }, this.#word(at + 1) === 'time' ? 2 : 1);
  }

  #follows(at: number, ...words: readonly string[]): boolean {
    return words.includes(this.#word(at - 1));
  }

  #keep<Part>(parts: Part[], part: Part, taken: number): number {
    parts.push(part);
    return taken;
  }

  #keepAll(days: readonly number[], taken: number): number {
    this.parts.days.push(...days);
    return taken;
  }
}

/** Lower case, one word each; `9 am` and `9 a.m.` are `9am`, a comma is an `and`. */
function wordsOf(phrase: string): string[] {
  const plain = phrase
    .toLowerCase()
    .replace(/\b([ap])\.m\.?/g, '$1m')
    .replace(/(\d)\s+([ap]m)\b/g, '$1$2');
  return plain
    .replaceAll(/[,&]/g, ' and ')
    .replace(/[.!]+\s*$/, '')
    .split(/\s+/)
    .filter(Boolean);
}

function isCountable(word: string): word is 'day' | 'week' | 'month' {
  return word === 'day' || word === 'week' || word === 'month';
}

function unitOf(word: string): 'minute' | 'hour' | undefined {
  if (word === 'minute' || word === 'minutes') return 'minute';
  return word === 'hour' || word === 'hours' ? 'hour' : undefined;
}

function daysBetween(from: number, to: number): number[] {
  const count = ((to - from + 7) % 7) + 1;
  return Array.from({ length: count }, (_, at) => (from + at) % 7);
}
