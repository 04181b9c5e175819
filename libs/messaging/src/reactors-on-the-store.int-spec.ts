import { createPostgresEventStore, derivedId, FencedError, newUuid, PostgresCheckpoints } from '@runledger/event-store';
import type { EventStore, RecordedEvent } from '@runledger/event-store';
import { logDatabase } from '@runledger/event-store/testing';
import { defineEvent, EventCatalogue } from '@runledger/kernel';
import { eventually } from '@runledger/testing';
import type { TestDatabase } from '@runledger/testing';
import pg from 'pg';
import { storeDirect } from './distribution.js';
import { isFenced } from './fencing.js';
import { ReactorHost } from './reactor-host.js';
import type { Reactor } from './reactor.js';

const anything = { parse: (input: unknown) => input };
const types = ['Asked', 'Answered', 'Noise'];
const catalogue = new EventCatalogue(types.map(type => defineEvent({ type, version: 1, schema: anything })));

describe('reactors on the PostgreSQL store', () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  let store: EventStore;
  /** What the reactors stand on: its connections are cut. */
  let reactorPool: pg.Pool;
  let reactorStore: EventStore;
  const hosts: ReactorHost[] = [];

  beforeAll(async () => {
    database = await logDatabase();
    const { url: connectionString } = database;
    const cut = { connectionString, application_name: 'to be cut' };
    pool = new pg.Pool({ connectionString, max: 4 });
    reactorPool = new pg.Pool({ ...cut, max: 4 });
    reactorPool.on('error', () => undefined); // cut on purpose
    store = createPostgresEventStore({ connectionString });
    reactorStore = createPostgresEventStore({ pool: cut });
  });
  afterAll(async () => {
    await Promise.all(hosts.map(host => host.stop()));
    await Promise.all([store.close(), reactorStore.close(), pool.end(), reactorPool.end()]);
    await database.drop();
  });

  const newHost = (): ReactorHost => {
    const owner = `process-${hosts.length}`;
    const host = new ReactorHost(storeDirect(reactorStore), new PostgresCheckpoints(reactorPool), catalogue, { owner });
    hosts.push(host);
    return host;
  };
  const write = async (stream: string, type: string, { id = newUuid(), into = store } = {}) => {
    const metadata = {
      correlationId: stream,
      causationId: id,
      actor: { kind: 'system' as const, id: 'spec' },
      workspaceId: 'ws_1',
      occurredAt: '2026-01-01T00:00:00.000Z',
      schemaVersion: 1,
    };
    return into.append({ tenant: 'ws_1', name: stream }, [{ id, type, data: {}, metadata }], 'any');
  };
  const positionOf = async (written: ReturnType<typeof write>) => {
    const outcome = await written;
    if (outcome.status !== 'appended') throw new Error(outcome.status);
    return outcome.position;
  };
  const answering: Reactor = {
    name: 'answering',
    types: ['Asked'],
    react: async (event: RecordedEvent) => {
      await write(`answer-${event.stream.slice(9)}`, 'Answered', {
        id: derivedId(event.id, 'answering', 0),
        into: reactorStore,
      });
    },
  };
  const answers = async () => (await store.readAll({ after: 0n, types: ['Answered'], limit: 1_000 })).events;

  it('answer every event once, though they are stopped, taken over and cut off on the way', async () => {
    const asked = Array.from({ length: 60 }, (_, n) => `question-${n}`);
    const asking = Promise.all(asked.map(stream => write(stream, 'Asked')));
    const first = newHost();
    await first.start(answering);
    await eventually(async () => expect((await answers()).length).toBeGreaterThan(0));
    await newHost().start(answering);
    await pool.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'to be cut'`);
    await asking;
    for (const stream of asked) await write(`${stream}-more`, 'Asked');
    await eventually(async () => expect(new Set((await answers()).map(event => event.stream)).size).toBe(120));
    expect((await answers()).length).toBe(120);
    await eventually(() => expect(first.status()).toMatchObject([{ state: 'stopped', reason: 'fenced' }]));
  });

  it('tell soon that they have passed events which they do not want', async () => {
    const running = await newHost().start({ name: 'patient', types: ['Asked'], react: () => Promise.resolve() });
    await running.reached(await positionOf(write('question-x', 'Asked')));
    // Who only looks every second makes each of them but the first wait for so long; a busy machine delays one or another.
    const waits: number[] = [];
    for (let time = 0; time < 6; time += 1) {
      const position = await positionOf(write(`noise-${time}`, 'Noise'));
      const started = performance.now();
      await running.reached(position);
      waits.push(performance.now() - started);
    }
    expect(Math.min(...waits.slice(1))).toBeLessThan(500);
  });

  it('write their checkpoints again when the server has died and forgotten them', async () => {
    const consumer = 'reactor/remembering';
    const leastStored = async () => {
      const text = 'SELECT min(position)::text AS least FROM runledger.partition_checkpoint WHERE consumer = $1';
      const { rows } = await pool.query<{ least: string | null }>(text, [consumer]);
      return BigInt(rows[0]?.least ?? 0);
    };
    await newHost().start({ name: 'remembering', types: ['Noise'], react: () => Promise.resolve() });
    const first = await positionOf(write('forgotten-1', 'Noise'));
    await eventually(async () => expect(await leastStored()).toBeGreaterThanOrEqual(first));
    await pool.query('UPDATE runledger.partition_checkpoint SET position = 0 WHERE consumer = $1', [consumer]);
    const second = await positionOf(write('forgotten-2', 'Noise'));
    await eventually(async () => expect(await leastStored()).toBeGreaterThanOrEqual(second));
  });

  it('know a lost lease when they see one', () => {
    const lease = { consumer: 'c', version: 1, owner: 'o', epoch: 1, position: 0n };
    expect([isFenced(new FencedError(lease)), isFenced(new Error('FENCED'))]).toEqual([true, false]);
  });
});
