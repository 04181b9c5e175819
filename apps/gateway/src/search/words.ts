/** A word of a text, as it is looked for, and where it stands. */
export interface Word {
  /** Lower case, composed. */
  readonly word: string;
  /** In UTF-16 code units, `end` not included. */
  readonly start: number;
  readonly end: number;
}

/** Longer runs of letters are nobody's words: keys, hashes, encoded files. Their beginning is enough to find them. */
const LONGEST = 64;

/**
 * Scripts without spaces count letter by letter; everywhere else a word is what stands between other characters, so that paths,
 * identifiers and addresses are found by each of their parts.
 */
const WORD = new RegExp(
  '[\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}]' +
    '|[[\\p{L}\\p{N}\\p{M}]--[\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}]]+',
  'gv',
);

/**
 * The words of a text, in order. They are found here and not by PostgreSQL, whose parser keeps paths and host names whole, and knows
 * letters by the locale of the database: text, question and marks would not agree everywhere.
 */
export function wordsOf(text: string): Word[] {
  return Array.from(text.matchAll(WORD), ({ 0: found, index }) => ({
    word: beginningOf(found).normalize('NFC').toLowerCase(),
    start: index,
    end: index + found.length,
  }));
}

/** Without half of a character at its end, which no store takes. */
function beginningOf(word: string): string {
  return word.length <= LONGEST ? word : word.slice(0, LONGEST).replace(/[\uD800-\uDBFF]$/, '');
}

/** How much a word counts: A most, D least. */
export type Weight = 'A' | 'B' | 'C' | 'D';

/** How its words count, and where the text belongs. */
export interface TextPlace {
  readonly weight: Weight;
  readonly workspaceId: string;
  readonly runId: string;
}

/** The text as a literal of PostgreSQL's `tsvector`. Words hold no character that would need quoting. */
export function vectorOf(text: string, { weight, workspaceId, runId }: TextPlace): string {
  const words = wordsOf(text).map(({ word }, place) => `${word}:${place + 1}${weight}`);
  return [placeLexeme(workspaceId), placeLexeme(runId), ...words].join(' ');
}

/** An id as no word can be: the index knows by it which texts are a workspace's, or a run's, without a look at the others'. */
export function placeLexeme(id: string): string {
  return `'=${id.replace(/['\\]/g, '$&$&')}'`;
}
