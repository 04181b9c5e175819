import type { Term } from './question.js';
import { wordsOf, type Word } from './words.js';

/** A range of characters (UTF-16 code units), `end` not included. */
export interface TextRange {
  readonly start: number;
  readonly end: number;
}

export interface Snippet {
  readonly snippet: string;
  /** What fits the question in it, in order. */
  readonly matches: readonly TextRange[];
}

/** Most characters of a snippet, without the `…` at its ends. */
const LENGTH = 240;
/** What is shown before the first match. */
const LEAD = 60;

/** The part of the text that fits best, as plain text with ranges: nothing in it is markup. */
export function snippetOf(text: string, terms: readonly Term[]): Snippet {
  const found = foundIn(text, terms);
  const from = wordBorder(text, Math.min(bestStart(found) - LEAD, text.length - LENGTH));
  const to = from + LENGTH >= text.length ? text.length : wordBorder(text, from + LENGTH);
  const before = from > 0 ? '…' : '';
  const after = to < text.length ? '…' : '';
  const shift = before.length - from;
  const shown = merged(found.filter(({ start, end }) => start >= from && end <= to));
  return {
    snippet: `${before}${text.slice(from, to)}${after}`,
    matches: shown.map(({ start, end }) => ({ start: start + shift, end: end + shift })),
  };
}

interface Found extends TextRange {
  readonly term: Term;
}

/** Where terms are, in order. */
function foundIn(text: string, terms: readonly Term[]): Found[] {
  const words = wordsOf(text);
  return words.flatMap((_word, at) =>
    terms.flatMap(term => {
      const last = words[at + term.words.length - 1];
      return last && standsAt(words, at, term) ? [{ term, start: words[at]?.start ?? 0, end: last.end }] : [];
    }),
  );
}

function standsAt(words: readonly Word[], at: number, { words: wanted, goesOn }: Term): boolean {
  return wanted.every((word, place) => {
    const there = words[at + place]?.word;
    return there === word || (goesOn && place === wanted.length - 1 && there?.startsWith(word) === true);
  });
}

/** Where the window with most different terms begins; among those with as many, the first. */
function bestStart(found: readonly Found[]): number {
  let best = { start: 0, terms: 0 };
  for (const [index, { start }] of found.entries()) {
    const within = new Set<Term>();
    for (let next = index; next < found.length && (found[next]?.end ?? 0) <= start + LENGTH - LEAD; next += 1) {
      const term = found[next]?.term;
      if (term) within.add(term);
    }
    if (within.size > best.terms) best = { start, terms: within.size };
  }
  return best.start;
}

/** The next beginning of a word, if one is near; never in the middle of a character. */
function wordBorder(text: string, near: number): number {
  if (near <= 0) return 0;
  const gap = text.slice(near, near + 24).search(/\s/);
  if (gap >= 0 && gap < 24) return near + gap + 1;
  return /[\uDC00-\uDFFF]/.test(text.charAt(near)) ? near + 1 : near;
}

function merged(ranges: readonly TextRange[]): TextRange[] {
  const whole: TextRange[] = [];
  for (const { start, end } of ranges) {
    const last = whole.at(-1);
    if (last && start < last.end) whole[whole.length - 1] = { start: last.start, end: Math.max(end, last.end) };
    else whole.push({ start, end });
  }
  return whole;
}
