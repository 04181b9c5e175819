import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPostgresEventStore, START } from '@runledger/event-store';
import type { EventStore, NewEvent, RecordedEvent } from '@runledger/event-store';
import { logDatabase } from '@runledger/event-store/testing';
import { storeDirect } from '@runledger/messaging';
import type { TestDatabase } from '@runledger/testing';
import { FileBlobStore } from '../blobs/index.js';
import { BigEvents } from './big-events.js';

const STREAM = { tenant: 'ws_acme', name: 'run-big' };
const steps = Array.from({ length: 10_000 }, (_, index) => ({
  key: `step-${index}`,
  run: `make package-${index} `.repeat(12),
}));

let database: TestDatabase;
let folder: string;
let stored: EventStore;
let big: BigEvents;
let store: EventStore;

beforeEach(async () => {
  database = await logDatabase();
  folder = await mkdtemp(join(tmpdir(), 'runledger-big-'));
  stored = createPostgresEventStore({ connectionString: database.url });
  big = new BigEvents(new FileBlobStore(folder));
  store = big.around(stored);
});

afterEach(async () => {
  await stored.close();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

function event(type: string, data: unknown): NewEvent {
  const actor = { kind: 'service', id: 'spec' } as const;
  const times = { occurredAt: '2026-03-01T10:00:00.000Z', schemaVersion: 1 };
  const story = { correlationId: 'run_big', causationId: 'spec', workspaceId: 'ws_acme' };
  return { id: randomUUID(), type, data, metadata: { ...story, ...times, actor } };
}

async function first(batches: AsyncIterable<{ readonly events: readonly RecordedEvent[] }>): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const batch of batches) {
    events.push(...batch.events);
    if (events.length > 1) return events;
  }
  return events;
}

it('stores events of any size, and everybody who reads gets them as they were', async () => {
  const events = [event('RunStarted', { runId: 'run_big', steps }), event('StepReady', { step: 'step-0' })];
  expect(await store.append(STREAM, events, 'no-stream')).toMatchObject({ status: 'appended', revision: 1 });
  const whole = events.map(({ data }) => data);
  const dataOf = (found: readonly RecordedEvent[]) => found.map(({ data }) => data);
  expect(dataOf((await store.readStream(STREAM)).events)).toEqual(whole);
  expect(dataOf((await store.readAll({ after: START })).events)).toEqual(whole);
  const ending = new AbortController();
  const follow = { after: START, signal: ending.signal };
  expect(dataOf(await first(store.subscribe(follow)))).toEqual(whole);
  // Another process, which has read nothing yet, by way of what carries events to it.
  const elsewhere = new BigEvents(new FileBlobStore(folder)).from(storeDirect(stored));
  expect(dataOf(await first(elsewhere.subscribe(follow)))).toEqual(whole);
  ending.abort();
});

it('gives an event to whom it concerns by what lies beside it', async () => {
  const ending = new AbortController();
  const concerns = ({ data }: RecordedEvent) => (data as { steps?: unknown[] }).steps?.length === steps.length;
  const follow = { after: await store.head(), signal: ending.signal, concerns };
  for (const source of [store, big.from(storeDirect(stored))]) {
    const told: RecordedEvent[] = [];
    for await (const { events } of source.subscribe(follow)) {
      if (told.push(...events) === 0) await store.append(STREAM, [event('RunStarted', { steps })], 'any');
      else break;
    }
    expect(told.map(({ data }) => data)).toEqual([{ steps }]);
  }
  ending.abort();
});

it('takes the same append again as a repeat, and keeps what fits in the event', async () => {
  const events = [event('RunStarted', { runId: 'run_big', steps })];
  await store.append(STREAM, events, 'no-stream');
  expect(await store.append(STREAM, events, 'no-stream')).toMatchObject({ status: 'duplicate', revision: 0 });
  const small = event('StepReady', { step: 'step-0' });
  await store.append(STREAM, [small], 0);
  const [kept, inline] = (await stored.readStream(STREAM)).events;
  expect(kept?.data).toEqual({
    runId: 'run_big',
    $aside: { steps: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/), bytes: expect.any(Number) } },
  });
  expect(inline?.data).toEqual(small.data);
});

it('says which event cannot be read when its data is gone', async () => {
  await store.append(STREAM, [event('RunStarted', { runId: 'run_big', steps })], 'no-stream');
  await rm(folder, { recursive: true });
  await expect(store.readStream(STREAM)).rejects.toMatchObject({
    code: 'EVENT_DATA_LOST',
    fields: { type: 'RunStarted', stream: 'run-big' },
  });
});
