import { START } from '../port.js';
import type { EventStore, RecordedEvent, StreamRef } from '../port.js';
import { anEvent, freshStream } from './contract-world.js';

/** What readers of the log saw of what was stored. Everything but `stored` and `orders` (1) must be 0. */
export interface RaceReport {
  readonly stored: number;
  /** Stored events that a reader never saw, over all readers. */
  readonly lost: number;
  readonly repeated: number;
  /** Events that a reader saw behind a later one of the same stream. */
  readonly inverted: number;
  /** Different orders among the readers. */
  readonly orders: number;
}

export interface RaceOptions {
  /** Many loops append through these at once. */
  readonly writers: readonly EventStore[];
  /** Each follows the log from its start with `readAll`. */
  readonly readers: readonly EventStore[];
  readonly loops?: number;
  readonly seconds?: number;
}

/** Lets many writers and readers loose on one log and compares what was stored with what was read (E2). */
export async function findRaces({ writers, readers, loops = 16, seconds = 1 }: RaceOptions): Promise<RaceReport> {
  const tenant = freshStream().tenant;
  const ending = new AbortController();
  const reading = readers.map(store => follow(store, tenant, ending.signal));
  const until = performance.now() + seconds * 1_000;
  const streams = Array.from({ length: 6 }, () => ({ ...freshStream(), tenant }));
  const writing = Array.from({ length: loops }, (_, loop) =>
    writers
      .slice(loop % writers.length)
      .slice(0, 1)
      .map(store => writeUntil(store, streams, until)),
  ).flat();
  const stored = (await Promise.all(writing)).flat();
  ending.abort();
  return compare(stored, await Promise.all(reading));
}

/** Compares the ids that were stored with what each reader saw. */
export function compare(stored: readonly string[], seen: readonly (readonly RecordedEvent[])[]): RaceReport {
  const perReader = seen.map(events => {
    const ids = new Set(events.map(({ id }) => id));
    return {
      lost: stored.filter(id => !ids.has(id)).length,
      repeated: events.length - ids.size,
      inverted: countInversions(events),
      order: events.map(({ id }) => id).join(),
    };
  });
  const sum = (what: 'lost' | 'repeated' | 'inverted') => perReader.reduce((total, reader) => total + reader[what], 0);
  return {
    stored: stored.length,
    lost: sum('lost'),
    repeated: sum('repeated'),
    inverted: sum('inverted'),
    orders: new Set(perReader.map(({ order }) => order)).size,
  };
}

async function writeUntil(store: EventStore, streams: readonly StreamRef[], until: number): Promise<string[]> {
  const stored: string[] = [];
  while (performance.now() < until) {
    const stream = streams[Math.floor(Math.random() * streams.length)];
    const events = Array.from({ length: 1 + Math.floor(Math.random() * 3) }, () => anEvent());
    const outcome = stream && (await store.append(stream, events, 'any'));
    if (outcome?.status === 'appended') stored.push(...events.map(({ id }) => id));
  }
  return stored;
}

/** Reads until nothing more comes after the writers have ended. */
async function follow(store: EventStore, tenant: string, ending: AbortSignal): Promise<RecordedEvent[]> {
  const seen: RecordedEvent[] = [];
  for (let after = START, done = false; !done;) {
    const ended = ending.aborted;
    const slice = await store.readAll({ after, tenant, limit: 50 });
    seen.push(...slice.events);
    after = slice.scannedTo;
    done = ended && slice.caughtUp;
    if (slice.caughtUp) await new Promise(resolve => setTimeout(resolve, ended ? 20 : 1));
  }
  return seen;
}

function countInversions(events: readonly RecordedEvent[]): number {
  const last = new Map<string, number>();
  return events.filter(({ stream, revision }) => {
    const inverted = revision <= (last.get(stream) ?? -1);
    last.set(stream, revision);
    return inverted;
  }).length;
}
