import { createPostgresEventStore, newUuid, PostgresCheckpoints } from '@runledger/event-store';
import type { EventStore } from '@runledger/event-store';
import { logDatabase } from '@runledger/event-store/testing';
import { eventually, testWire } from '@runledger/testing';
import type { TestDatabase } from '@runledger/testing';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { foldView } from './define-view.js';
import { ProjectionHost } from './projection-host.js';
import {
  CreateShop1700000000001,
  ItemAdded,
  ledger,
  orderCatalogue,
  OrderCancelled,
  OrderPlaced,
  orders,
} from './read-model.fixture.js';
import type { OrderEvent } from './read-model.fixture.js';
import { readModelOptions } from './read-model-database.js';
import { migrateReadModels } from './read-model-migrations.js';

describe('projections on the PostgreSQL store', () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  let store: EventStore;
  let dataSource: DataSource;
  const hosts: ProjectionHost[] = [];

  const shop = () => ({ url: database.url, schema: 'shop', entities: [], migrations: [CreateShop1700000000001] });

  beforeAll(async () => {
    database = await logDatabase();
    pool = new pg.Pool({ connectionString: database.url, max: 4 });
    pool.on('error', () => undefined); // the spec ends connections on purpose
    store = createPostgresEventStore({ connectionString: database.url });
    dataSource = new DataSource(readModelOptions(shop()));
    await migrateReadModels(dataSource);
  });
  afterAll(async () => {
    await Promise.all(hosts.map(host => host.stop()));
    await store.close();
    await dataSource.destroy();
    await pool.end();
    await database.drop();
  });

  const newHost = (): ProjectionHost => {
    const checkpoints = new PostgresCheckpoints(pool);
    const host = new ProjectionHost(
      { database: shop(), dataSource, source: store, store, checkpoints, catalogue: orderCatalogue },
      { owner: `process-${hosts.length}`, batchSize: 7 },
    );
    hosts.push(host);
    return host;
  };
  const write = async (stream: string, ...events: readonly OrderEvent[]) => {
    const metadata = {
      correlationId: stream,
      causationId: newUuid(),
      actor: { kind: 'system' as const, id: 'spec' },
      workspaceId: 'ws_1',
      occurredAt: '2026-01-01T00:00:00.000Z',
    };
    const outcome = await store.append(
      { tenant: 'ws_1', name: stream },
      events.map(event => ({
        id: newUuid(),
        ...event,
        metadata: { ...metadata, schemaVersion: event.type === 'OrderPlaced' ? 2 : 1 },
      })),
      'any',
    );
    if (outcome.status !== 'appended') throw new Error(outcome.status);
    return outcome.position;
  };

  it('count every event once, though their connections are cut and another process takes over on the way', async () => {
    const first = newHost();
    await Promise.all([first.start(orders), first.start(ledger)]);
    let end = 0n;
    for (let n = 0; n < 30; n += 1) {
      await write(`order-${n % 3}`, OrderPlaced({ order: `n${n}`, customer: 'ada' }));
      end = await write(`order-${n % 3}`, ItemAdded({ order: `n${n}`, item: 'tea', cents: n }));
      if (n % 10 === 5) await cutConnections();
      if (n === 15) await Promise.all([orders, ledger].map(projection => newHost().start(projection)));
    }
    await Promise.all([hosts[1]?.reached('orders', end, 60_000), hosts[2]?.reached('ledger', end, 10_000)]);
    const { rows } = await pool.query(
      'SELECT (SELECT sum(cents) FROM shop.orders) AS cents, (SELECT count(*) FROM shop.ledger) AS items',
    );
    expect(rows).toEqual([{ cents: '435', items: '30' }]);
    await eventually(() => expect(first.status().map(({ reason }) => reason)).toEqual(['fenced', 'fenced']));
  });

  it('show the same as the same events folded in memory', async () => {
    const { events } = await store.readAll({ after: 0n, limit: 1_000 });
    const { rows } = await pool.query<{ key: string; view: unknown }>('SELECT key, view FROM shop.orders');
    for (const { key, view } of rows) expect(foldView(orders, events, key)).toEqual(view);
  });

  it('answer soon whether they hold a position of events that they do not want', async () => {
    const host = hosts[2];
    // Who only looks every second makes each of them but the first wait for so long; a busy machine delays one or another.
    const waits: number[] = [];
    for (let time = 0; time < 6; time += 1) {
      const started = performance.now();
      await host?.reached('ledger', await write('order-x', OrderCancelled({ order: 'n1' })), 60_000);
      waits.push(performance.now() - started);
    }
    expect(Math.min(...waits.slice(1))).toBeLessThan(500);
  });

  it('show within seconds the one event that comes after the database was gone without a word', async () => {
    const wire = await testWire(database.url);
    const shopBehind = { ...shop(), url: wire.url };
    const distant = await new DataSource(readModelOptions(shopBehind)).initialize();
    const parts = { database: shopBehind, dataSource: distant, source: store, store, catalogue: orderCatalogue };
    const host = new ProjectionHost({ ...parts, checkpoints: new PostgresCheckpoints(pool) }, { owner: 'distant' });
    await host.start(ledger);
    await host.reached('ledger', await store.head(), 60_000);
    wire.fallSilent();
    await host.reached('ledger', await write('order-y', ItemAdded({ order: 'n1', item: 'ink', cents: 1 })), 20_000);
    const { rows } = await pool.query(`SELECT count(*)::int FROM shop.ledger WHERE item = 'ink'`);
    expect(rows).toEqual([{ count: 1 }]);
    await host.stop();
    await distant.destroy();
    await wire.close();
  });

  /** As a restart of the server or a broken network would; the spec's own pool and all others. */
  async function cutConnections(): Promise<void> {
    await pool.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'runledger shop%'`,
    );
  }
});
