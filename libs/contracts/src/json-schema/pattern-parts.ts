/** A regular expression without what needs backtracking. */
export type PatternPart =
  | { readonly kind: 'character'; readonly fits: (character: string) => boolean }
  | { readonly kind: 'edge'; readonly holds: (before: string | undefined, after: string | undefined) => boolean }
  | { readonly kind: 'sequence'; readonly parts: readonly PatternPart[] }
  | { readonly kind: 'choice'; readonly parts: readonly PatternPart[] }
  | { readonly kind: 'repeat'; readonly part: PatternPart; readonly min: number; readonly max: number };

/** A pattern that cannot be held against a text in linear time, or that is none. */
export class PatternRefusedError extends Error {
  constructor(what: string) {
    super(`A pattern cannot have ${what}`);
    this.name = 'PatternRefusedError';
  }
}

const ATOM =
  /^(?:\[(?:\\.|[^\]\\])*\]|\\u\{[^}]*\}|\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u....|\\x..|\\c.|\\[pP]\{[^}]*\}|\\?.)/su;
const QUANTIFIER = /^(?:([*+?])|\{(\d+)(?:(,)(\d*))?\})\??/;
const WORD = /^\w$/;
/** Of characters below this it is remembered whether they fit. */
const REMEMBERED = 256;

const EDGES: Readonly<Record<string, Extract<PatternPart, { kind: 'edge' }>['holds']>> = {
  '^': before => before === undefined,
  $: (_before, after) => after === undefined,
  '\\b': (before, after) => isWord(before) !== isWord(after),
  '\\B': (before, after) => isWord(before) === isWord(after),
};

/**
 * Reads the regular expressions that JSON Schema recommends: characters and classes, `^`, `$`, `\b`, groups, `|` and quantifiers.
 * Refused are look-around and back references. Throws {@link PatternRefusedError}.
 */
export function patternParts(pattern: string): PatternPart {
  try {
    new RegExp(pattern, 'u');
  } catch (cause) {
    throw new PatternRefusedError(`this: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  return new PatternReader(pattern).choice();
}

/** The pattern is known to be a regular expression; what that allows nowhere is not looked for. */
class PatternReader {
  #rest: string;

  constructor(pattern: string) {
    this.#rest = pattern;
  }

  choice(): PatternPart {
    const parts = [this.#sequence()];
    while (this.#take('|')) parts.push(this.#sequence());
    const [only] = parts;
    return parts.length === 1 && only ? only : { kind: 'choice', parts };
  }

  #sequence(): PatternPart {
    const parts: PatternPart[] = [];
    while (this.#rest !== '' && !/^[|)]/.test(this.#rest)) parts.push(this.#repeated(this.#single()));
    return { kind: 'sequence', parts };
  }

  #single(): PatternPart {
    const edge = Object.keys(EDGES).find(written => this.#take(written));
    const holds = edge === undefined ? undefined : EDGES[edge];
    if (holds) return { kind: 'edge', holds };
    if (this.#take('(')) return this.#group();
    const [backReference] = /^\\[1-9k]/.exec(this.#rest) ?? [];
    if (backReference !== undefined) throw new PatternRefusedError(`a back reference (\`${backReference}\`)`);
    const [atom = ''] = ATOM.exec(this.#rest) ?? [];
    this.#rest = this.#rest.slice(atom.length);
    return { kind: 'character', fits: fitting(atom) };
  }

  #group(): PatternPart {
    const [special] = /^\?(?!:|<[^=!])(?:<?.)?/.exec(this.#rest) ?? [];
    if (special !== undefined) throw new PatternRefusedError(`look-around or flags (\`(${special}\`)`);
    this.#rest = this.#rest.replace(/^\?(?::|<[^>]*>)/, '');
    const inner = this.choice();
    this.#take(')');
    return inner;
  }

  #repeated(part: PatternPart): PatternPart {
    const [written, sign, least, comma, most] = QUANTIFIER.exec(this.#rest) ?? [];
    if (written === undefined) return part;
    this.#rest = this.#rest.slice(written.length);
    if (sign !== undefined) {
      return { kind: 'repeat', part, min: sign === '+' ? 1 : 0, max: sign === '?' ? 1 : Infinity };
    }
    const min = Number(least);
    return { kind: 'repeat', part, min, max: comma === undefined ? min : most ? Number(most) : Infinity };
  }

  #take(text: string): boolean {
    if (!this.#rest.startsWith(text)) return false;
    this.#rest = this.#rest.slice(text.length);
    return true;
  }
}

/** What one character of a pattern means is asked of the language itself: a single character gives nothing to backtrack over. */
function fitting(atom: string): (character: string) => boolean {
  const one = new RegExp(`^${atom}$`, 'u');
  const remembered = new Int8Array(REMEMBERED);
  return character => {
    const code = character.codePointAt(0) ?? 0;
    if (code >= REMEMBERED) return one.test(character);
    remembered[code] ||= one.test(character) ? 1 : -1;
    return remembered[code] === 1;
  };
}

function isWord(character: string | undefined): boolean {
  return character !== undefined && WORD.test(character);
}
