import { RequestError } from '../graph/request-errors.js';
import { wordsOf } from './words.js';

const MAX_QUERY_CHARS = 400;
const MAX_QUERY_WORDS = 24;
/** Shorter words are too many words' beginning. */
const SHORTEST_BEGINNING = 3;

/** Words that follow each other. */
export interface Term {
  readonly words: readonly string[];
  /** The last word may go on: `deploy` finds `deployment`. */
  readonly goesOn: boolean;
}

/** What is looked for. */
export interface Question {
  /** A literal of PostgreSQL's `tsquery`. */
  readonly tsquery: string;
  /** What texts that fit contain, some of it at least. */
  readonly terms: readonly Term[];
}

interface Part extends Term {
  readonly isExcluded: boolean;
}

const PART = /(-?)"([^"]*)"?|(\S+)/g;

/**
 * Reads a query the way search engines do: words must all be there, `"words in quotes"` follow each other, `or` stands between
 * alternatives, `-` before what must not be there. A word finds those that begin with it, in quotes only itself. There is no
 * query that cannot be read; refused is what says nothing, or too much.
 */
export function questionOf(query: string): Question {
  if (query.length > MAX_QUERY_CHARS) throw refused(`A query has at most ${MAX_QUERY_CHARS} characters.`);
  const alternatives = alternativesOf(query);
  const parts = alternatives.flat();
  if (parts.length === 0) throw refused('There is no word in the query.');
  if (parts.reduce((sum, { words }) => sum + words.length, 0) > MAX_QUERY_WORDS) {
    throw refused(`A query has at most ${MAX_QUERY_WORDS} words.`);
  }
  if (!alternatives.every(all => all.some(part => !part.isExcluded))) {
    throw refused('The query only says what must not be there.');
  }
  return {
    tsquery: alternatives.map(all => `(${all.map(literalOf).join(' & ')})`).join(' | '),
    terms: parts.filter(part => !part.isExcluded),
  };
}

function alternativesOf(query: string): Part[][] {
  const alternatives: Part[][] = [[]];
  for (const [, minus, quoted, bare = ''] of query.matchAll(PART)) {
    if (/^or$/i.test(bare)) alternatives.push([]);
    else {
      const isExcluded = minus === '-' || bare.startsWith('-');
      const words = wordsOf(quoted ?? bare).map(({ word }) => word);
      const goesOn = quoted === undefined && (words.at(-1) ?? '').length >= SHORTEST_BEGINNING;
      if (words.length > 0) alternatives.at(-1)?.push({ words, goesOn, isExcluded });
    }
  }
  return alternatives.filter(all => all.length > 0);
}

function literalOf({ words, goesOn, isExcluded }: Part): string {
  const last = words.length - 1;
  const phrase = words.map((word, place) => `'${word}'${goesOn && place === last ? ':*' : ''}`).join(' <-> ');
  return `${isExcluded ? '!' : ''}(${phrase})`;
}

function refused(message: string): RequestError {
  return new RequestError('BAD_USER_INPUT', message, 'Say in a few words what is looked for.');
}
