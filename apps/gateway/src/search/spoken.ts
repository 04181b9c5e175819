import { ViewTable, type Recorded } from '@runledger/projections';
import type { EntityManager } from 'typeorm';
import { grouped } from '../reads/grouped.js';
import { keyIn } from '../reads/row-key.js';
import { spokenEvents, type SearchedEvent, type SpokenEvent } from './searched-texts.js';
import { goesOn, putDown, spokenOn, type SpokenEntry, type SpokenPart } from './spoken-entries.js';
import { SpokenPieces } from './spoken-pieces.js';
import { PART_CHARS } from './text-parts.js';
import type { TextRow } from './text-rows.js';

type Stored = Recorded<SearchedEvent>;

const SPOKEN: ReadonlySet<string> = new Set(spokenEvents.map(event => event.type));
/** Whatever their agents were saying, they say no more. */
const ENDINGS: ReadonlySet<string> = new Set(['AttemptEnded', 'AttemptInterrupted', 'AttemptResumed']);

const table = new ViewTable<SpokenEntry>('search_spoken', (_entry, key) => ({ attempt_key: attemptKeyOf(key) }));

/** What the agents of some attempts are saying right now: one entry each, which is whole when they go on to something else. */
export class Spoken {
  readonly #changed = new Set<string>();
  readonly #pieces = new SpokenPieces();

  private constructor(private readonly entries: Map<string, SpokenEntry>) {}

  /** Of all agents of the attempts that the events are of; texts only where one may be put down by these events. */
  static async load(events: readonly Stored[], rows: EntityManager): Promise<Spoken> {
    const attempts = grouped(events, event => attemptOf(event) ?? '');
    attempts.delete('');
    if (attempts.size === 0) return new Spoken(new Map());
    const found = await rows.query<{ key: string; view: SpokenEntry }[]>(
      'SELECT key, view FROM search_spoken WHERE attempt_key = ANY ($1::text[])',
      [[...attempts.keys()]],
    );
    const spoken = new Spoken(new Map(found.map(({ key, view }) => [key, view])));
    const read = found.filter(({ key, view }) => !isOnlyAddedTo(view, attempts.get(attemptKeyOf(key)) ?? []));
    await spoken.#pieces.load(
      read.map(({ key }) => key),
      rows,
    );
    return spoken;
  }

  /** The texts that are whole by this event. */
  take(event: Stored): TextRow[] {
    const attempt = attemptOf(event);
    if (attempt === undefined) return [];
    const place = { workspaceId: event.tenant, runId: event.metadata.correlationId };
    if (ENDINGS.has(event.type)) {
      const all = [...this.entries.keys()].filter(key => attemptKeyOf(key) === attempt);
      return all.flatMap(key => this.#end(key, event)).map(row => ({ ...row, ...place }));
    }
    const key = `${attempt}/${agentOf(event) ?? ''}`;
    const texts = isSpoken(event) ? this.#goOn(key, event) : this.#end(key, event);
    return texts.map(row => ({ ...row, ...place }));
  }

  async save(rows: EntityManager): Promise<void> {
    if (this.#changed.size === 0) return;
    await table.save(new Map([...this.#changed].map(key => [key, this.entries.get(key)])), rows);
    await this.#pieces.save(rows);
  }

  #goOn(key: string, event: Recorded<SpokenEvent>): SpokenPart[] {
    const before = this.entries.get(key);
    if (before && event.position <= BigInt(before.upTo)) return [];
    const isSame = before !== undefined && goesOn(before, event);
    const ended = isSame ? [] : this.#end(key, event);
    const now = spokenOn(isSame ? before : undefined, event);
    this.#pieces.add(key, { position: event.position, text: event.data.text });
    this.#changed.add(key);
    this.entries.set(key, now);
    return now.chars > PART_CHARS ? [...ended, ...this.#part(key, now, event)] : ended;
  }

  /** Puts down what is whole of an entry that has become too long to wait for its end. */
  #part(key: string, entry: SpokenEntry, { position }: Stored): SpokenPart[] {
    const { done, rest, entry: left } = putDown(entry, this.#pieces.textOf(key), false);
    this.#pieces.forget(key);
    this.#pieces.add(key, { position, text: rest });
    this.entries.set(key, left);
    return done;
  }

  #end(key: string, { position }: Stored): SpokenPart[] {
    const entry = this.entries.get(key);
    if (!entry || position <= BigInt(entry.upTo)) return [];
    const { done } = putDown(entry, this.#pieces.textOf(key), true);
    this.#pieces.forget(key);
    this.entries.delete(key);
    this.#changed.add(key);
    return done;
  }
}

/** Whether nothing of the entry is put down by these events of its attempt, so that nobody has to know its text. */
function isOnlyAddedTo(entry: SpokenEntry, events: readonly Stored[]): boolean {
  let { chars } = entry;
  for (const event of events) {
    if (ENDINGS.has(event.type)) return false;
    if (agentOf(event) !== entry.agent) continue;
    if (!isSpoken(event) || !goesOn(entry, event)) return false;
    chars += event.data.text.length;
  }
  return chars <= PART_CHARS;
}

function isSpoken(event: Stored): event is Extract<Stored, { type: SpokenEvent['type'] }> {
  return SPOKEN.has(event.type);
}

/** The attempt whose agent the event is of, if any. */
function attemptOf({ tenant, data }: Stored): string | undefined {
  return 'attemptId' in data ? keyIn(tenant, data.attemptId) : undefined;
}

function agentOf({ data }: Stored): string | undefined {
  return 'agent' in data ? data.agent : undefined;
}

/** Neither ids nor numbers of agents have a slash. */
function attemptKeyOf(key: string): string {
  return key.slice(0, key.lastIndexOf('/'));
}
