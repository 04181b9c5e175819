import { createPostgresEventStore, newUuid, PostgresCheckpoints } from '@runledger/event-store';
import type { EventStore, NewEvent, Position } from '@runledger/event-store';
import { logDatabase } from '@runledger/event-store/testing';
import { RetryableError } from '@runledger/kernel';
import { Leases } from '@runledger/messaging';
import type { LeasesOptions } from '@runledger/messaging';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { ProjectionHost } from './projection-host.js';
import type { ProjectionHostOptions } from './projection-host.js';
import { CreateShop1700000000001, ItemAdded, orderCatalogue, OrderPlaced } from './read-model.fixture.js';
import type { OrderEvent } from './read-model.fixture.js';
import { readModelOptions } from './read-model-database.js';
import type { ReadModelDatabase } from './read-model-database.js';
import { migrateReadModels } from './read-model-migrations.js';
import type { RebuildParts } from './shadow/rebuild.js';

/** A shop on a real store and a real database, and the processes that keep its read models. */
export interface ShopWorld {
  readonly parts: RebuildParts;
  readonly pool: pg.Pool;
  readonly store: EventStore;
  readonly url: string;
  host(options?: Partial<ProjectionHostOptions>): ProjectionHost;
  /** A host that shares its work with others; `leases` stand for its process. */
  sharingHost(owner: string): SharingHost;
  /** Appends to the order's stream, with the order as correlation id. */
  write(order: string, ...events: readonly OrderEvent[]): Promise<Position>;
  /** Places orders and puts items into each; returns the position of the last event. */
  trade(orders: number, items: number, name?: string): Promise<Position>;
  rows(table: string): Promise<string[]>;
  /** Schemas beside `shop` that a rebuild or a verification has made. */
  leftovers(): Promise<string[]>;
  close(): Promise<void>;
}

export interface SharingHost {
  readonly host: ProjectionHost;
  /** While it is set, nobody hears that this process lives. */
  isSilent: boolean;
}

export async function shopWorld(): Promise<ShopWorld> {
  const testing = await logDatabase();
  const pool = new pg.Pool({ connectionString: testing.url, max: 8 });
  pool.on('error', () => undefined); // specs end connections on purpose
  const store = createPostgresEventStore({ connectionString: testing.url });
  const database: ReadModelDatabase = {
    url: testing.url,
    schema: 'shop',
    entities: [],
    migrations: [CreateShop1700000000001],
  };
  const dataSource = new DataSource(readModelOptions(database));
  await migrateReadModels(dataSource);
  const checkpoints = new PostgresCheckpoints(pool);
  const parts = { database, dataSource, store, checkpoints, catalogue: orderCatalogue };
  const ending: (() => Promise<void>)[] = [];
  const host = (options: Partial<ProjectionHostOptions> = {}) => {
    const made = new ProjectionHost({ ...parts, source: store }, { owner: `process-${ending.length}`, ...options });
    ending.push(() => made.stop());
    return made;
  };
  const write = async (order: string, ...events: readonly OrderEvent[]) => {
    const outcome = await store.append(
      { tenant: 'ws_1', name: `order-${order}` },
      events.map(event => told(order, event)),
      'any',
    );
    if (outcome.status !== 'appended') throw new Error(outcome.status);
    return outcome.position;
  };
  return {
    parts,
    pool,
    store,
    url: testing.url,
    host,
    sharingHost: owner => {
      const heartbeats = new PostgresCheckpoints(pool);
      const heartbeat = heartbeats.partitions.heartbeat.bind(heartbeats.partitions);
      heartbeats.partitions.heartbeat = beat =>
        sharing.isSilent ? Promise.reject(new RetryableError('SILENT', 'nobody hears it')) : heartbeat(beat);
      const options: LeasesOptions = { owner, sharing: 'shared', ttlMs: 3_000, heartbeatMs: 200 };
      const leases = new Leases(heartbeats, options);
      ending.push(() => leases.stop());
      const sharing: SharingHost = { host: host({ owner, leases }), isSilent: false };
      return sharing;
    },
    write,
    trade: async (orders, items, name = 'o') => {
      let last = 0n;
      for (let n = 0; n < orders; n += 1) {
        const order = `${name}${n}`;
        const added = Array.from({ length: items }, (_, i) => ItemAdded({ order, item: `item-${i}`, cents: i }));
        last = await write(order, OrderPlaced({ order, customer: 'ada' }), ...added);
      }
      return last;
    },
    rows: async table => {
      const { rows } = await pool.query<{ row: string }>(`SELECT t::text AS row FROM shop.${table} t ORDER BY 1`);
      return rows.map(({ row }) => row);
    },
    leftovers: async () => {
      const { rows } = await pool.query<{ nspname: string }>(
        `SELECT nspname FROM pg_namespace WHERE starts_with(nspname, 'shop_') ORDER BY 1`,
      );
      return rows.map(({ nspname }) => nspname);
    },
    close: async () => {
      for (const end of ending.splice(0).reverse()) await end();
      await store.close();
      await dataSource.destroy();
      await pool.end();
      await testing.drop();
    },
  };
}

function told(order: string, event: OrderEvent): NewEvent {
  const metadata = {
    correlationId: order,
    causationId: newUuid(),
    actor: { kind: 'system' as const, id: 'spec' },
    workspaceId: 'ws_1',
    occurredAt: '2026-01-01T00:00:00.000Z',
    schemaVersion: event.type === 'OrderPlaced' ? 2 : 1,
  };
  return { id: newUuid(), ...event, metadata };
}
