import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { compileProject, eventually } from '@runledger/testing';
import { Changes } from '../changes.js';
import type { Projection } from '../projection.js';
import { ItemAdded, ledger, OrderPlaced, orders } from '../read-model.fixture.js';
import { shopWorld } from '../shop-world.fixture.js';
import type { ShopWorld } from '../shop-world.fixture.js';
import { rebuild } from './rebuild.js';

const LONGER_THAN_A_LOCK_IS_WAITED_FOR_MS = 600;

describe('a rebuild', () => {
  let shop: ShopWorld;
  beforeEach(async () => {
    shop = await shopWorld();
  });
  afterEach(() => shop.close());

  it('gives the same rows and leaves nothing beside, while its projection goes on by itself', async () => {
    const host = shop.host();
    const running = await host.start(orders);
    await running.reached(await shop.trade(30, 5));
    const before = await shop.rows('orders');
    const report = await rebuild(shop.parts, orders);
    expect(report).toMatchObject({ projection: 'orders', version: 1, events: 180, resumed: false });
    expect(report).not.toHaveProperty('left');
    expect(await shop.rows('orders')).toEqual(before);
    expect(await shop.leftovers()).toEqual([]);
    await running.reached(await shop.write('o1', ItemAdded({ order: 'o1', item: 'late', cents: 90 })));
    const { rows } = await shop.pool.query(`SELECT cents FROM shop.orders WHERE key = 'o1'`);
    expect(rows).toEqual([{ cents: '100' }]);
    await eventually(() => expect(running.status()).toMatchObject({ state: 'live' }));
  });

  it('loses nothing and repeats nothing of what happens meanwhile', async () => {
    const host = shop.host();
    const running = await host.start(orders);
    await shop.trade(20, 5);
    let busy = true;
    const trading = (async () => {
      for (let n = 0; busy; n += 1)
        await shop.write(`o${n % 20}`, ItemAdded({ order: `o${n % 20}`, item: 'x', cents: 1 }));
    })();
    const reports = [];
    for (let n = 0; n < 3; n += 1) reports.push(await rebuild(shop.parts, orders));
    busy = false;
    await trading;
    await running.reached(await shop.store.head());
    const positions = reports.map(({ position }) => Number(position));
    expect(positions).toEqual(positions.toSorted((a, b) => a - b));
    const { events } = await shop.store.readAll({ after: 0n, limit: 100_000 });
    const cents = events.reduce((sum, { data }) => sum + ((data as { cents?: number }).cents ?? 0), 0);
    const { rows } = await shop.pool.query('SELECT sum(cents)::int AS cents, count(*)::int AS orders FROM shop.orders');
    expect(rows).toEqual([{ cents, orders: 20 }]);
  });

  it('shows readers the old rows or the new ones, never none and never older ones', async () => {
    const host = shop.host();
    await (await host.start(orders)).reached(await shop.trade(50, 3));
    let reading = true;
    const seen: { orders: number; items: number }[] = [];
    const readers = Array.from({ length: 4 }, async () => {
      while (reading) {
        const { rows } = await shop.pool.query<{ orders: number; items: number }>(
          'SELECT count(*)::int AS orders, coalesce(sum(cardinality(items)), 0)::int AS items FROM shop.orders',
        );
        seen.push(...rows);
      }
    });
    for (let n = 0; n < 5; n += 1) await rebuild(shop.parts, orders);
    reading = false;
    await Promise.all(readers);
    expect(seen.length).toBeGreaterThan(20);
    expect(new Set(seen.map(row => JSON.stringify(row)))).toEqual(new Set(['{"orders":50,"items":150}']));
  });

  it('waits for readers that hold the tables for long, unless it is told to end', async () => {
    await (await shop.host().start(orders)).reached(await shop.trade(5, 1));
    const before = await shop.rows('orders');
    const reader = await shop.pool.connect();
    const ending = new AbortController();
    const waiting = `SELECT FROM pg_locks WHERE relation = 'shop.orders'::regclass AND NOT granted`;
    const waits = () => eventually(async () => expect((await shop.pool.query(waiting)).rowCount).toBe(1));
    try {
      await reader.query('BEGIN; SELECT FROM shop.orders');
      const stopped = expect(rebuild(shop.parts, orders, { signal: ending.signal })).rejects.toThrow('aborted');
      await waits();
      ending.abort();
      await stopped;
      expect(await shop.rows('orders')).toEqual(before);
      const rebuilt = rebuild(shop.parts, orders);
      await waits();
      await delay(LONGER_THAN_A_LOCK_IS_WAITED_FOR_MS);
      await reader.query('COMMIT');
      expect(await rebuilt).toMatchObject({ resumed: true, events: 0 });
    } finally {
      reader.release();
    }
    expect(await shop.rows('orders')).toEqual(before);
    expect(await shop.leftovers()).toEqual([]);
  });

  it('tells nobody of the rows that it makes', async () => {
    const changes = new Changes();
    const ending = new AbortController();
    await (await shop.host({ changes }).start(orders)).reached(await shop.trade(5, 1));
    const notices = changes.of('orders', { signal: ending.signal });
    await rebuild(shop.parts, orders);
    await shop.write('new', OrderPlaced({ order: 'new', customer: 'eve' }));
    expect((await notices.next()).value).toMatchObject({ key: 'new' });
    ending.abort();
  });

  it('keeps the indexes, the rights and the owner of the tables', async () => {
    const shape = async () => {
      const { rows } = await shop.pool.query(
        `SELECT c.relname, c.relacl::text, pg_get_userbyid(c.relowner), array_agg(i.indexrelid::regclass::text ORDER BY 1)
         FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid WHERE c.relnamespace = 'shop'::regnamespace
         GROUP BY 1, 2, 3 ORDER BY 1`,
      );
      return rows as unknown[];
    };
    await shop.pool.query('CREATE INDEX orders_by_customer ON shop.orders (customer)');
    await shop.pool.query('DROP INDEX shop.orders_by_customer; GRANT SELECT ON shop.orders TO pg_monitor');
    await (await shop.host().start(orders)).reached(await shop.trade(1, 1));
    const before = await shape();
    await rebuild(shop.parts, orders);
    expect(await shape()).toEqual(before);
  });

  it('stops at an event that the projection cannot take, names it, and goes on from there when it is mended', async () => {
    await (await shop.host().start(orders)).reached(await shop.trade(3, 2));
    const state = { mended: false };
    const brittle: Projection = {
      ...orders,
      apply: async (events, rows) => {
        if (!state.mended && events.some(({ revision, stream }) => revision === 1 && stream === 'order-o2'))
          throw new Error('cents are no cents');
        await orders.apply(events, rows);
      },
    };
    const failed = await rebuild(shop.parts, brittle).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 'CANNOT_APPLY', fields: { eventType: 'ItemAdded' } });
    const before = await shop.rows('orders');
    expect(before).toHaveLength(3);
    state.mended = true;
    expect(await rebuild(shop.parts, brittle)).toMatchObject({ resumed: true, events: 2 });
    expect(await shop.rows('orders')).toEqual(before);
  });

  it('is done by one process at a time', async () => {
    await shop.trade(20, 5);
    const outcomes = await Promise.allSettled([rebuild(shop.parts, ledger), rebuild(shop.parts, ledger)]);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'REBUILD_UNDER_WAY' },
    });
  });

  it('leaves old tables alone that something else depends on, and says where they are', async () => {
    await (await shop.host().start(orders)).reached(await shop.trade(2, 1));
    await shop.pool.query('CREATE VIEW public.report AS SELECT customer FROM shop.orders');
    const { left } = await rebuild(shop.parts, orders);
    expect(await shop.leftovers()).toEqual([left]);
    await shop.pool.query('DROP VIEW public.report');
    await rebuild(shop.parts, orders);
    expect(await shop.leftovers()).toEqual([]);
  });

  it('goes on where it was when its process was killed', async () => {
    compileProject('libs/projections');
    await shop.trade(60, 99);
    const program = new URL('./killed-rebuild.fixture.mjs', import.meta.url).pathname;
    const child = spawn(process.execPath, [program, shop.url], { stdio: ['ignore', 'pipe', 'inherit'] });
    const gone = once(child, 'exit');
    await Promise.race([once(child.stdout, 'data'), gone]); // it has built some of it
    child.kill('SIGKILL');
    await gone;
    const copied = async () =>
      (await shop.pool.query('SELECT position FROM shop_rebuild_ledger.copy_progress')).rows as { position: string }[];
    expect(Number((await copied())[0]?.position)).toBeGreaterThan(0);
    const report = await eventually(() => rebuild(shop.parts, ledger));
    expect(report.resumed).toBe(true);
    expect(report.events).toBeLessThan(5_940);
    expect(await shop.rows('ledger')).toHaveLength(5_940);
    expect(await shop.leftovers()).toEqual([]);
  });
});
