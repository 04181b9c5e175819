import { CallJournal } from '../driver/call-journal.js';

const MOST_NAMES = 64;

/** Calls that are over and on record outside, so that what the container kept of them can go. */
export class OldCalls {
  readonly #taken = new Set<string>();

  constructor(private readonly journalDir: string) {}

  /** Names that were not taken before. */
  take(): string[] {
    const ended = CallJournal.all(this.journalDir).filter(
      journal => !this.#taken.has(journal.name) && journal.end() !== undefined,
    );
    const names = ended.slice(0, MOST_NAMES).map(({ name }) => name);
    names.forEach(name => this.#taken.add(name));
    return names;
  }
}
