const TELL_EVERY_MS = 10_000;

export interface ToldTogetherOptions {
  /** What comes faster than this is told together; default 10,000. */
  readonly everyMs?: number;
  /** Default: the clock of this process that never goes back. */
  readonly nowMs?: () => number;
}

/** Says when a log is to be told of what may come often: of the first of a kind at once, of those that come fast behind it together. */
export class ToldTogether {
  readonly #kinds = new Map<string, { readonly toldAtMs: number; readonly untold: number; readonly all: number }>();
  readonly #everyMs: number;
  readonly #nowMs: () => number;

  constructor({ everyMs = TELL_EVERY_MS, nowMs = () => performance.now() }: ToldTogetherOptions = {}) {
    this.#everyMs = everyMs;
    this.#nowMs = nowMs;
  }

  /** Answers of how many the log is to be told now, this one among them; undefined while it is too soon. */
  add(kind: string): number | undefined {
    const last = this.#kinds.get(kind) ?? { toldAtMs: -Infinity, untold: 0, all: 0 };
    const [untold, all, nowMs] = [last.untold + 1, last.all + 1, this.#nowMs()];
    const isTooSoon = nowMs - last.toldAtMs < this.#everyMs;
    this.#kinds.set(kind, isTooSoon ? { ...last, untold, all } : { toldAtMs: nowMs, untold: 0, all });
    return isTooSoon ? undefined : untold;
  }

  /** Answers how many of a kind there were, and begins anew. */
  forget(kind: string): number {
    const all = this.#kinds.get(kind)?.all ?? 0;
    this.#kinds.delete(kind);
    return all;
  }
}
