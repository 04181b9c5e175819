import { Looks } from './looks.js';
import { PatternRefusedError, patternParts, type PatternPart } from './pattern-parts.js';

/** With counted repetitions written out: `a{3}` are three. */
const MAX_STATES = 4_000;
const MAX_CHARS = 1_000;

type Character = Extract<PatternPart, { kind: 'character' }> & { readonly next: number };
type Edge = Extract<PatternPart, { kind: 'edge' }> & { readonly next: number };
type State = Character | Edge | { readonly kind: 'fork'; readonly next: number[] };

/** Between which two characters of the text the pattern has come. */
interface Place {
  readonly position: number;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

const END = 0;

/**
 * A regular expression that is held against a text by following all its ways at once, so that the time grows with the text alone.
 * JavaScript's own tries one way after the other: `^(a+)+$` takes it a minute for thirty characters.
 */
export class LinearPattern {
  readonly #states: State[] = [{ kind: 'fork', next: [] }];
  readonly #start: number;
  /** By state: the position at which it was reached, to go on from each once per position. */
  readonly #reached: Int32Array;

  /** Throws {@link PatternRefusedError}. */
  constructor(
    private readonly pattern: string,
    private readonly looks: Looks,
  ) {
    if (pattern.length > MAX_CHARS) throw new PatternRefusedError(`more than ${MAX_CHARS} characters`);
    this.#start = this.#add(patternParts(pattern), END);
    this.#reached = new Int32Array(this.#states.length);
  }

  /** Whether the pattern is found anywhere in the text. Throws a `TooMuchToCheckError`. */
  test(text: string): boolean {
    this.#reached.fill(-1);
    const characters = text[Symbol.iterator]();
    let arrived: number[] = [];
    let before: string | undefined;
    for (let position = 0; ; position += 1) {
      const after = characters.next().value;
      const waiting = this.#waitingAt({ position, before, after }, [...arrived, this.#start]);
      if (waiting === undefined) return true;
      if (after === undefined) return false;
      arrived = waiting.filter(({ fits }) => fits(after)).map(({ next }) => next);
      before = after;
    }
  }

  toString(): string {
    return this.pattern;
  }

  /** The characters that the pattern can go on with at a place; undefined when its end is reached there. */
  #waitingAt({ position, before, after }: Place, ahead: number[]): Character[] | undefined {
    const waiting: Character[] = [];
    for (let at = ahead.pop(); at !== undefined; at = ahead.pop()) {
      if (at === END) return undefined;
      this.looks.spend(1);
      const state = this.#states[at];
      if (!state || this.#reached[at] === position) continue;
      this.#reached[at] = position;
      if (state.kind === 'character') waiting.push(state);
      else if (state.kind === 'fork') ahead.push(...state.next);
      else if (state.holds(before, after)) ahead.push(state.next);
    }
    return waiting;
  }

  #add(part: PatternPart, next: number): number {
    switch (part.kind) {
      case 'character':
      case 'edge':
        return this.#push({ ...part, next });
      case 'sequence':
        // Counted too where it is empty: it may be repeated.
        return part.parts.reduceRight((after, inner) => this.#add(inner, after), this.#fork([next]));
      case 'choice':
        return this.#fork(part.parts.map(inner => this.#add(inner, next)));
      case 'repeat':
        return this.#repeat(part, next);
    }
  }

  #repeat({ part, min, max }: Extract<PatternPart, { kind: 'repeat' }>, next: number): number {
    let at = next;
    if (max === Infinity) {
      const ways = [next];
      at = this.#fork(ways);
      ways.push(this.#add(part, at));
    }
    for (let count = min; count < max && max !== Infinity; count += 1) at = this.#fork([next, this.#add(part, at)]);
    for (let count = 0; count < min; count += 1) at = this.#add(part, at);
    return at;
  }

  #fork(next: number[]): number {
    return this.#push({ kind: 'fork', next });
  }

  #push(state: State): number {
    if (this.#states.length >= MAX_STATES) throw new PatternRefusedError('so much that is repeated so often');
    return this.#states.push(state) - 1;
  }
}

/** What is wrong with a regular expression of a schema; undefined when it can be held against texts. */
export function patternFault(pattern: string): string | undefined {
  try {
    new LinearPattern(pattern, new Looks());
    return undefined;
  } catch (error) {
    if (error instanceof PatternRefusedError) return error.message;
    throw error;
  }
}
