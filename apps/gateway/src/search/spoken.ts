import { ViewTable, type Recorded } from '@runledger/projections';
import type { EntityManager } from 'typeorm';
import { keyIn } from '../reads/row-key.js';
import { spokenEvents, type SearchedEvent, type SpokenEvent } from './searched-texts.js';
import { putDown, spokenOn, type SpokenEntry } from './spoken-entries.js';
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

  private constructor(private readonly entries: Map<string, SpokenEntry>) {}

  /** Of all agents of the attempts that the events are of. */
  static async load(events: readonly Stored[], rows: EntityManager): Promise<Spoken> {
    const attempts = new Set(events.flatMap(event => attemptOf(event) ?? []));
    if (attempts.size === 0) return new Spoken(new Map());
    const found = await rows.query<{ key: string; view: SpokenEntry }[]>(
      'SELECT key, view FROM search_spoken WHERE attempt_key = ANY ($1::text[])',
      [[...attempts]],
    );
    return new Spoken(new Map(found.map(({ key, view }) => [key, view])));
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
    const agent = 'agent' in event.data ? event.data.agent : undefined;
    const key = `${attempt}/${agent ?? ''}`;
    const texts = isSpoken(event) ? this.#goOn(key, event) : this.#end(key, event);
    return texts.map(row => ({ ...row, ...place }));
  }

  async save(rows: EntityManager): Promise<void> {
    if (this.#changed.size === 0) return;
    await table.save(new Map([...this.#changed].map(key => [key, this.entries.get(key)])), rows);
  }

  #goOn(key: string, event: Recorded<SpokenEvent>) {
    const before = this.entries.get(key);
    if (before && event.position <= BigInt(before.upTo)) return [];
    const entry = spokenOn(undefined, event);
    const isSame = before?.entryId === entry.entryId && before.kind === entry.kind;
    const ended = before && !isSame ? this.#end(key, event) : [];
    const now = isSame ? spokenOn(before, event) : entry;
    const { done, rest } = now.text.length > PART_CHARS ? putDown(now, false) : { done: [], rest: now };
    this.entries.set(key, rest);
    this.#changed.add(key);
    return [...ended, ...done];
  }

  #end(key: string, { position }: Stored) {
    const entry = this.entries.get(key);
    if (!entry || position <= BigInt(entry.upTo)) return [];
    this.entries.delete(key);
    this.#changed.add(key);
    return putDown(entry, true).done;
  }
}

function isSpoken(event: Stored): event is Extract<Stored, { type: SpokenEvent['type'] }> {
  return SPOKEN.has(event.type);
}

/** The attempt whose agent the event is of, if any. */
function attemptOf({ tenant, data }: Stored): string | undefined {
  return 'attemptId' in data ? keyIn(tenant, data.attemptId) : undefined;
}

/** Neither ids nor numbers of agents have a slash. */
function attemptKeyOf(key: string): string {
  return key.slice(0, key.lastIndexOf('/'));
}
