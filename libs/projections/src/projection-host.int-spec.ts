import type { RecordedEvent } from '@runledger/event-store';
import { logDatabase } from '@runledger/event-store/testing';
import { RetryableError } from '@runledger/kernel';
import type { ConsumerStatus } from '@runledger/messaging';
import { eventually } from '@runledger/testing';
import type { TestDatabase } from '@runledger/testing';
import fc from 'fast-check';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { Changes } from './changes.js';
import { ProjectionHost } from './projection-host.js';
import type { ProjectionHostOptions } from './projection-host.js';
import type { Projection } from './projection.js';
import {
  CreateShop1700000000001,
  ItemAdded,
  ledger,
  orderCatalogue,
  OrderCancelled,
  OrderPlaced,
  orders,
  ScriptedLog,
} from './read-model.fixture.js';
import type { OrderEvent } from './read-model.fixture.js';
import { readModelOptions } from './read-model-database.js';
import { migrateReadModels } from './read-model-migrations.js';
import { recordedEvents } from './specify-projection.js';
import { TestCheckpoints } from './test-checkpoints.fixture.js';

const placed = (order: string) => OrderPlaced({ order, customer: 'ada' });
const added = (order: string, cents: number) => ItemAdded({ order, item: `item-${cents}`, cents });
const stored = (...events: readonly OrderEvent[]) => recordedEvents(events, { schemaVersion: 1 }).map(today);
const today = (event: RecordedEvent): RecordedEvent => ({
  ...event,
  metadata: { ...event.metadata, schemaVersion: event.type === 'OrderPlaced' ? 2 : 1 },
});

describe('a projection host', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let pool: pg.Pool;
  let checkpoints: TestCheckpoints;
  let hosts: ProjectionHost[] = [];
  let faults: ConsumerStatus[];

  const shop = () => ({ url: database.url, schema: 'shop', entities: [], migrations: [CreateShop1700000000001] });

  beforeAll(async () => {
    database = await logDatabase();
    dataSource = new DataSource(readModelOptions(shop()));
    await migrateReadModels(dataSource);
    pool = new pg.Pool({ connectionString: database.url, max: 4 });
  });
  afterAll(async () => {
    await pool.end();
    await dataSource.destroy();
    await database.drop();
  });

  beforeEach(async () => {
    [checkpoints, hosts, faults] = [new TestCheckpoints(pool, new ScriptedLog()), [], []];
    await forgetEverything();
  });
  afterEach(() => Promise.all(hosts.map(host => host.stop())));

  const forgetEverything = async () => {
    await checkpoints.clear();
    await pool.query('TRUNCATE shop.projection_state, shop.orders, shop.ledger');
  };
  /** Checkpoints speak of one log: what fails on purpose goes on failing. */
  const partsFor = (log: ScriptedLog) => {
    const { beforeAdvance } = checkpoints;
    checkpoints = new TestCheckpoints(pool, log);
    checkpoints.beforeAdvance = beforeAdvance;
    return { database: shop(), dataSource, source: log, store: log, checkpoints, catalogue: orderCatalogue };
  };
  const newHost = (log: ScriptedLog, options: Partial<ProjectionHostOptions> = {}): ProjectionHost => {
    const retry = { attempts: 2, retryableAttempts: 4, firstDelayMs: 1, maxDelayMs: 2 };
    const host = new ProjectionHost(partsFor(log), {
      owner: `process-${hosts.length}`,
      retry,
      onFault: status => faults.push(status),
      ...options,
    });
    hosts.push(host);
    return host;
  };
  const rowsOf = async (table: string) =>
    (await pool.query<{ row: unknown }>(`SELECT to_json(t)::text AS row FROM ${table} t ORDER BY 1`)).rows;
  const centsOf = async (order: string) =>
    (await pool.query<{ cents: string }>('SELECT cents FROM shop.orders WHERE key = $1', [order])).rows[0]?.cents;

  it('folds events into one row per key, with columns to query by', async () => {
    const log = new ScriptedLog(
      stored(placed('o1'), placed('o2'), added('o1', 5), added('o1', 7), OrderCancelled({ order: 'o2' })),
    );
    await (await newHost(log).start(orders)).reached(5n);
    const { rows } = await pool.query('SELECT * FROM shop.orders');
    const view = { customer: 'ada', cents: 12, items: ['item-5', 'item-7'] };
    expect(rows).toEqual([{ key: 'o1', ...view, cents: '12', note: null, view }]);
  });

  it('adds rows for events that nothing changes', async () => {
    const log = new ScriptedLog(stored(placed('o1'), added('o1', 5)));
    await (await newHost(log).start(ledger)).reached(2n);
    const { rows } = await pool.query('SELECT * FROM shop.ledger');
    const detail = { order: 'o1', item: 'item-5', cents: 5 };
    expect(rows).toEqual([{ position: '2', ordered: new Date('2026-01-01T00:00:01.000Z'), item: 'item-5', detail }]);
  });

  it('hands over the data of old events as today’s version', async () => {
    const [old] = recordedEvents([{ type: 'OrderPlaced', data: { order: 'o1', by: 'grace' } }]);
    await (await newHost(new ScriptedLog([old!])).start(orders)).reached(1n);
    expect((await pool.query('SELECT customer FROM shop.orders')).rows).toEqual([{ customer: 'grace' }]);
  });

  it('keeps what PostgreSQL’s text cannot hold out of the columns, and lets the fold go on with it', async () => {
    const note = 'nul \0, half \ud83d, "\\u0000"';
    const log = new ScriptedLog(stored(OrderPlaced({ order: 'o1', customer: 'ada', note }), added('o1', 5)), [1]);
    await (await newHost(log).start(orders)).reached(2n);
    const { rows } = await pool.query<{ note: string; view: { note: string } }>('SELECT note, view FROM shop.orders');
    expect(rows[0]?.note).toBe('nul \ufffd, half \ufffd, "\\u0000"');
    expect(rows[0]?.view.note).toBe(note);
  });

  it('follows the log, and tells when a position is in the rows', async () => {
    const log = new ScriptedLog(stored(placed('o1')));
    const host = newHost(log);
    const running = await host.start(orders);
    await host.reached('orders', 1n, 60_000);
    await eventually(() => expect(running.status().state).toBe('live'));
    await expect(host.reached('orders', 2n, 20)).rejects.toMatchObject({ code: 'READ_MODEL_BEHIND' });
    const arrives = host.reached('orders', 2n, 60_000);
    log.append(...recordedEvents([added('o1', 5)], { position: 2n }));
    await arrives;
    expect(await centsOf('o1')).toBe('5');
    await expect(host.reached('nobody', 1n, 5)).rejects.toMatchObject({ code: 'PROJECTION_NOT_RUNNING' });
  });

  it('moves over events that the projection does not want, and keeps that when it stops', async () => {
    const host = newHost(new ScriptedLog(stored(placed('o1'), placed('o2'))));
    const running = await host.start(ledger);
    await eventually(() => expect(running.status().position).toBe(2n));
    await host.stop();
    expect(await checkpoints.stored('ledger')).toBe(2n);
  });

  it('counts events that are delivered again once', async () => {
    const events = stored(placed('o1'), added('o1', 5));
    const repeating = new ScriptedLog(events);
    const again = { subscribe: () => repeating.subscribe({ after: 0n, signal: ending.signal }) };
    const ending = new AbortController();
    const first = newHost(repeating);
    await (await first.start(orders)).reached(2n);
    await first.stop();
    const before = await rowsOf('shop.orders');
    const second = new ProjectionHost({ ...partsFor(repeating), source: again }, { owner: 'b' });
    const running = await second.start(orders);
    repeating.append(...recordedEvents([added('o9', 1)], { position: 3n }));
    await running.reached(3n);
    ending.abort();
    await second.stop();
    expect(await rowsOf('shop.orders')).toEqual(before);
  });

  it('commits rows and checkpoint together or not at all', async () => {
    let away = true;
    let tries = 0;
    const fading: Projection = {
      ...orders,
      apply: async (events, rows) => {
        await orders.apply(events, rows);
        tries += 1;
        if (away) throw new RetryableError('AWAY', 'the power went out between rows and checkpoint');
      },
    };
    const host = newHost(new ScriptedLog(stored(placed('o1'), added('o1', 5))));
    const running = await host.start(fading);
    await expect(running.reached(2n)).rejects.toThrow('power');
    expect(tries).toBeGreaterThan(3);
    expect(await rowsOf('shop.orders')).toEqual([]);
    expect(await checkpoints.stored('orders')).toBe(0n);
    away = false;
    await (await host.start(fading)).reached(2n);
    expect(await centsOf('o1')).toBe('5');
  });

  it('goes on without repeating when the commit succeeded but its answer was lost', async () => {
    const log = new ScriptedLog(stored(placed('o1'), added('o1', 5)));
    const losing = new Proxy(dataSource, {
      get: (target, name) => (name === 'transaction' ? transaction : (Reflect.get(target, name) as unknown)),
    });
    let answers = 0;
    const transaction = async (work: Parameters<DataSource['transaction']>[0]) => {
      const result = await dataSource.transaction(work as never);
      if (log.events.length > 0 && (answers += 1) === 1) throw new Error('Connection terminated unexpectedly');
      return result;
    };
    const host = new ProjectionHost({ ...partsFor(log), dataSource: losing }, { owner: 'a' });
    hosts.push(host);
    await (await host.start(orders)).reached(2n);
    expect(await centsOf('o1')).toBe('5');
    expect(answers).toBe(1);
  });

  it('says what it waits for when the database is away', async () => {
    let failures = 3;
    const query = async (...asked: Parameters<DataSource['query']>): Promise<unknown> => {
      if ((failures -= 1) >= 0) throw new RetryableError('AWAY', 'The database starts again.');
      return dataSource.query(...asked);
    };
    const starting = new Proxy(dataSource, {
      get: (target, name) => (name === 'query' ? query : (Reflect.get(target, name) as unknown)),
    });
    const warned: object[] = [];
    const logger = { info: () => undefined, error: () => undefined, warn: (fields: object) => warned.push(fields) };
    const log = new ScriptedLog(stored(placed('o1')));
    const retry = { firstDelayMs: 1, maxDelayMs: 2 };
    const host = new ProjectionHost({ ...partsFor(log), dataSource: starting }, { owner: 'a', retry, logger });
    hosts.push(host);
    await (await host.start(orders)).reached(1n);
    expect(warned).toMatchObject([
      { consumer: 'orders', doing: 'the look at which version made the rows', failures: 1, err: { code: 'AWAY' } },
    ]);
  });

  describe('at an event that it cannot apply', () => {
    const brittle = (state: { mended: boolean }): Projection => ({
      ...orders,
      apply: async (events, rows) => {
        if (!state.mended && events.some(event => event.position === 3n)) throw new Error('cents are no cents');
        await orders.apply(events, rows);
      },
    });
    const events = stored(placed('o1'), added('o1', 5), added('o1', 7), added('o1', 9));

    it('keeps what came before, stops there, and says where and why', async () => {
      const running = await newHost(new ScriptedLog(events)).start(brittle({ mended: false }));
      await expect(running.reached(4n)).rejects.toThrow('cents are no cents (ItemAdded at position 3)');
      const fault = { position: 3n, eventType: 'ItemAdded', code: 'Error', message: 'cents are no cents' };
      expect(running.status()).toEqual({ name: 'orders', state: 'faulted', position: 2n, fault });
      expect(faults).toEqual([running.status()]);
      expect(await centsOf('o1')).toBe('5');
      expect(await checkpoints.stored('orders')).toBe(2n);
    });

    it('goes on from there when it is mended and started again', async () => {
      const state = { mended: false };
      const host = newHost(new ScriptedLog(events));
      await expect((await host.start(brittle(state))).reached(4n)).rejects.toThrow('cents');
      state.mended = true;
      await (await host.start(brittle(state))).reached(4n);
      expect(await centsOf('o1')).toBe('21');
    });

    it('names a column that its table does not have', async () => {
      const projection = { ...ledger, apply: undefined as never };
      const { defineRows } = await import('./define-rows.js');
      const wrong = defineRows<OrderEvent>({
        ...projection,
        table: 'ledger',
        uniqueBy: ['position'],
        types: ['ItemAdded'],
        rows: () => [{ colour: 'red' }],
      });
      const running = await newHost(new ScriptedLog(events)).start(wrong);
      await expect(running.reached(4n)).rejects.toThrow('Table ledger has no column "colour"');
    });
  });

  it('fences off the owner before it, whose rows are rolled back', async () => {
    const log = new ScriptedLog(stored(placed('o1')));
    const first = await newHost(log).start(orders);
    await first.reached(1n);
    const second = await newHost(log).start(orders);
    log.append(...recordedEvents([added('o1', 5)], { position: 2n }));
    await second.reached(2n);
    await eventually(() => expect(first.status()).toMatchObject({ state: 'stopped', reason: 'fenced' }));
    expect(await centsOf('o1')).toBe('5');
    expect(faults).toEqual([]);
  });

  it('builds a raised version from the first event and ends a program that runs the old one', async () => {
    const log = new ScriptedLog(stored(placed('o1'), added('o1', 5)));
    const old = await newHost(log).start(orders);
    await old.reached(2n);
    await pool.query("INSERT INTO shop.orders VALUES ('stale', 'x', 1, '{}', null, '{}')");
    const raised = await newHost(log).start({ ...orders, version: 2 });
    log.append(...recordedEvents([added('o1', 7)], { position: 3n }));
    await raised.reached(3n);
    await eventually(() => expect(old.status()).toMatchObject({ state: 'stopped', reason: 'fenced' }));
    expect((await rowsOf('shop.orders')).length).toBe(1);
    expect(await centsOf('o1')).toBe('12');
  });

  it('announces the rows that a commit changed', async () => {
    const changes = new Changes();
    const ending = new AbortController();
    const notices = changes.of('orders', { signal: ending.signal });
    const log = new ScriptedLog(stored(placed('o1'), placed('o2'), added('o1', 5)));
    await (await newHost(log, { changes }).start(orders)).reached(3n);
    expect((await notices.next()).value).toEqual({ kind: 'changed', projection: 'orders', key: 'o2', position: 2n });
    expect((await notices.next()).value).toEqual({ kind: 'changed', projection: 'orders', key: 'o1', position: 3n });
    ending.abort();
  });

  it('gives the same bytes through any batches, failures and kills as in one pass', async () => {
    const order = fc.constantFrom('o1', 'o2', 'o3');
    const event = fc.oneof(
      { weight: 2, arbitrary: order.map(placed) },
      { weight: 5, arbitrary: fc.tuple(order, fc.nat(9)).map(([id, cents]) => added(id, cents)) },
      { weight: 1, arbitrary: order.map(id => OrderCancelled({ order: id })) },
    );
    const story = fc.record({
      events: fc.array(event, { minLength: 1, maxLength: 40 }),
      batches: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
      failing: fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }),
      lives: fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 3 }),
    });
    const pass = async (log: ScriptedLog, lives: readonly number[], failing: readonly boolean[]) => {
      await forgetEverything();
      let writes = 0;
      for (const life of [...lives, Infinity]) {
        let [left, dead] = [life, false];
        checkpoints.beforeAdvance = () => {
          if (dead || (left -= 1) < 0) dead = true;
          if (dead) throw new RetryableError('DEAD', 'the process was killed before its commit');
          if (failing[(writes += 1) % (failing.length + 1)]) throw new Error('a hiccup');
        };
        // Both projections share the hiccups: one may meet them many times over while the other gets the free turns.
        const retry = { attempts: 2_000, retryableAttempts: 2, firstDelayMs: 0, maxDelayMs: 0 };
        const host = newHost(log, { retry });
        const consumers = [await host.start(orders), await host.start(ledger)];
        await Promise.allSettled(consumers.map(consumer => consumer.reached(log.events.at(-1)?.position ?? 0n)));
        await host.stop();
      }
      return [await rowsOf('shop.orders'), await rowsOf('shop.ledger')];
    };
    await fc.assert(
      fc.asyncProperty(story, async ({ events, batches, failing, lives }) => {
        const inOnePass = await pass(new ScriptedLog(stored(...events)), [], []);
        expect(await pass(new ScriptedLog(stored(...events), batches), lives, failing)).toEqual(inOnePass);
      }),
      { numRuns: 25, endOnFailure: true },
    );
  });
});
