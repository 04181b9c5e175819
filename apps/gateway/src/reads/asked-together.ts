/**
 * Puts the questions that come in one turn of the event loop as one: a thousand clients that come back at the same moment ask the
 * database for the same few rows. Nothing is kept: each answer was asked for after whoever gets it came.
 */
export class AskedTogether<Key, Answer> {
  #next: { readonly keys: Set<Key>; readonly answers: Promise<ReadonlyMap<Key, Answer>> } | undefined;

  /** `question` answers for those keys that there is an answer for. What it throws reaches all who asked with it. */
  constructor(private readonly question: (keys: readonly Key[]) => Promise<ReadonlyMap<Key, Answer>>) {}

  async ask(key: Key): Promise<Answer | undefined> {
    const next = (this.#next ??= this.#begin());
    next.keys.add(key);
    return (await next.answers).get(key);
  }

  #begin() {
    const keys = new Set<Key>();
    const answers = new Promise<void>(resolve => setImmediate(resolve)).then(() => {
      this.#next = undefined;
      return this.question([...keys]);
    });
    return { keys, answers };
  }
}
