import pg from 'pg';
import { anEvent, freshStream } from '../contract/contract-world.js';
import { compare } from '../contract/race-check.js';
import { START } from '../port.js';
import type { EventStore, NewEvent, RecordedEvent, StreamRef } from '../port.js';
import { openPostgres } from './store-under-test.fixture.js';
import type { PostgresUnderTest } from './store-under-test.fixture.js';

const SECONDS = 4;
/** Stored by the stores themselves; a slow machine takes longer for them, at most so long. */
const ENOUGH_APPENDS = 100;
const LONGEST_SECONDS = 20;
/** Before the same is asked for again after a failure, so that a loop never keeps the others from running. */
const BREATH_MS = 1;
const APPEND = 'select * from runledger.append($1, $2, -2, $3, $4, $5, $6, $7, false)';

let under: PostgresUnderTest;
beforeAll(async () => {
  under = await openPostgres();
});
afterAll(async () => {
  await under.close();
});

/** E2 under everything that a server and its clients do to transactions. */
describe('the order of the log', () => {
  it('is whole and the same for all readers while writers dawdle, roll back, fail and are killed', async () => {
    const stores = [under.openStore(), under.openStore({ flights: { flights: 6, appends: 1 } }), under.openStore()];
    const streams = Array.from({ length: 12 }, () => freshStream());
    const writing = new WritingTime();
    const over = new AbortController();
    // Those that write follow as well: what they have stored themselves comes to them without being read.
    const following = [under.store, ...stores].map(store => followToTheEnd(store, over.signal));
    const reading = Promise.all([...stores.map(store => readToTheEnd(store, over.signal)), ...following]);
    reading.catch(() => undefined); // awaited below
    try {
      await Promise.all([
        ...Array.from({ length: 12 }, () => dawdle(under.url, streams, writing)),
        ...Array.from({ length: 8 }, (_, n) => hurry(stores[n % 2] ?? under.store, streams, writing)),
        killNowAndThen(under.pool, writing),
      ]);
      await surely(under.store, freshStream(), [anEvent({ type: 'TheEnd' })]);
      const seen = await reading;
      const { rows } = await under.pool.query<{ event_id: string }>('select event_id from runledger.event');
      const report = compare(
        rows.map(row => row.event_id),
        seen,
      );
      expect(report).toEqual({ stored: rows.length, lost: 0, repeated: 0, inverted: 0, orders: 1 });
      expect(rows.length).toBeGreaterThan(2 * ENOUGH_APPENDS);
    } finally {
      writing.end();
      over.abort();
      await Promise.all(stores.map(store => store.close()));
    }
  });

  it('has no hole in any stream', async () => {
    const { rows } = await under.pool.query(
      `select s.name from runledger.stream s left join runledger.event e on e.stream_id = s.id
        group by s.id having count(e.*) <> s.revision + 1 or max(e.revision) <> s.revision`,
    );
    expect(rows).toEqual([]);
  });

  it('needs no bound when writers are serialized, which is the oracle for the rest', async () => {
    const store = under.openStore({ serialize: true });
    const stored: string[] = [];
    const seen: RecordedEvent[] = [];
    const write = async () => {
      const event = anEvent();
      await store.append(freshStream(), [event], 'any');
      stored.push(event.id);
    };
    let last = String(await store.head());
    const look = async () => {
      const text = 'select gpos, event_id as id, stream, revision from runledger.event where gpos > $1 order by gpos';
      const { rows } = await under.pool.query<RecordedEvent & { gpos: string }>(text, [last]);
      last = rows.at(-1)?.gpos ?? last;
      seen.push(...rows);
    };
    const writing = Promise.all(Array.from({ length: 200 }, write));
    for (let looks = 0; looks < 30; looks += 1) await look();
    await writing;
    await look();
    expect(compare(stored, [seen])).toMatchObject({ lost: 0, inverted: 0 });
    await store.close();
  });
});

/** How long is written: some seconds, and for as long as too little was stored to prove anything. */
class WritingTime {
  readonly #began = performance.now();
  #appends = 0;
  #ended = false;

  get isOver(): boolean {
    const seconds = (performance.now() - this.#began) / 1_000;
    return this.#ended || seconds > LONGEST_SECONDS || (seconds > SECONDS && this.#appends > ENOUGH_APPENDS);
  }

  count(): void {
    this.#appends += 1;
  }

  end(): void {
    this.#ended = true;
  }
}

const breathe = () => new Promise(resolve => setTimeout(resolve, BREATH_MS));

/** Transactions of their own, with pauses before the end; some roll back, some to a savepoint, some are killed. */
async function dawdle(url: string, streams: readonly StreamRef[], writing: WritingTime): Promise<void> {
  while (!writing.isOver) {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => undefined); // killed on purpose
    try {
      await client.connect();
      while (!writing.isOver) await oneTransaction(client, streams);
    } catch (error) {
      if (!isKilled(error)) throw error;
      await breathe();
    } finally {
      await client.end().catch(() => undefined); // it may be dead already
    }
  }
}

async function oneTransaction(client: pg.Client, streams: readonly StreamRef[]): Promise<void> {
  const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, Math.random() * ms));
  const ordered = [...streams].sort(() => Math.random() - 0.5).slice(0, 2);
  const [first, second] = ordered.sort((a, b) => (a.tenant < b.tenant ? -1 : 1));
  await client.query('begin');
  await appendBy(client, first);
  await pause(10);
  if (Math.random() < 0.3) {
    await client.query('savepoint half');
    await appendBy(client, second);
    await pause(5);
    await client.query('rollback to savepoint half');
    if (Math.random() < 0.5) await appendBy(client, second);
  }
  await client.query(Math.random() < 0.15 ? 'rollback' : 'commit');
}

async function appendBy(client: pg.Client, stream: StreamRef | undefined): Promise<void> {
  const { id, type, data, metadata } = anEvent();
  const columns = [[id], [type], ['run_race'], [JSON.stringify(data)], [JSON.stringify(metadata)]];
  const { rows } = await client.query<{ status: string }>(APPEND, [stream?.tenant, stream?.name, ...columns]);
  expect(rows[0]?.status).toBe('appended');
}

/** The store's own append, through a shared transaction or alone; if it is killed it is sent again with the same ids. */
async function surely(store: EventStore, stream: StreamRef, events: readonly NewEvent[]): Promise<void> {
  const send = () =>
    store.append(stream, events, 'any').then(
      () => true,
      (error: { code?: string }) => {
        expect(error.code).toMatch(/^(APPEND_UNCERTAIN|STORE_UNAVAILABLE)$/);
        return false;
      },
    );
  while (!(await send())) await breathe();
}

async function hurry(store: EventStore, streams: readonly StreamRef[], writing: WritingTime): Promise<void> {
  while (!writing.isOver) {
    const stream = streams[Math.floor(Math.random() * streams.length)] ?? freshStream();
    await surely(store, stream, [anEvent(), anEvent()]);
    writing.count();
  }
}

async function killNowAndThen(pool: pg.Pool, writing: WritingTime): Promise<void> {
  while (!writing.isOver) {
    await new Promise(resolve => setTimeout(resolve, 150));
    await pool
      .query(
        `select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and pid <> pg_backend_pid() order by random() limit 2`,
      )
      .catch((error: unknown) => {
        if (!isKilled(error)) throw error; // it may get a connection that was killed a moment ago
      });
  }
}

function isKilled(error: unknown): boolean {
  const { code, message } = error as { code?: string; message?: string };
  const tooManyConnections = code === '53300';
  return code === '57P01' || tooManyConnections || /terminat|closed|not queryable|ECONN|EPIPE/i.test(message ?? '');
}

const theEnd = (event: RecordedEvent | undefined) => event?.type === 'TheEnd';

async function readToTheEnd(store: EventStore, over: AbortSignal): Promise<RecordedEvent[]> {
  const seen: RecordedEvent[] = [];
  for (let after = START; !over.aborted && !theEnd(seen.at(-1));) {
    const slice = await store.readAll({ after, limit: 40 }).catch((error: { code?: string }) => {
      expect(error.code).toMatch(/^(READ_INTERRUPTED|STORE_UNAVAILABLE)$/);
      return undefined;
    });
    seen.push(...(slice?.events ?? []));
    after = slice?.scannedTo ?? after;
    if (!slice || slice.caughtUp) await breathe();
  }
  return seen;
}

async function followToTheEnd(store: EventStore, over: AbortSignal): Promise<RecordedEvent[]> {
  const seen: RecordedEvent[] = [];
  for await (const { events } of store.subscribe({ after: START, signal: over })) {
    seen.push(...events);
    if (theEnd(seen.at(-1))) break;
  }
  return seen;
}
