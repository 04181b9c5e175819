import type { Projection } from '../projection.js';
import { ItemAdded, ledger, orders } from '../read-model.fixture.js';
import { shopWorld } from '../shop-world.fixture.js';
import type { ShopWorld } from '../shop-world.fixture.js';
import { ShadowCopy } from './shadow-copy.js';
import { verify } from './verify.js';

describe('a verification', () => {
  let shop: ShopWorld;
  beforeAll(async () => {
    shop = await shopWorld();
    const host = shop.host();
    const end = await shop.trade(20, 5);
    for (const projection of [orders, ledger]) await (await host.start(projection)).reached(end);
  });
  afterAll(() => shop.close());

  const change = async (statement: string, back: string) => {
    await shop.pool.query(statement);
    try {
      return await verify(shop.parts, orders);
    } finally {
      await shop.pool.query(back);
    }
  };

  it('finds rows equal that the projection has made, and leaves nothing beside', async () => {
    for (const projection of [orders, ledger]) {
      const report = await verify(shop.parts, projection);
      expect(report).toMatchObject({ projection: projection.name, version: 1, equal: true });
      const [table] = report.tables;
      expect(table).toMatchObject({ differing: 0, differences: [] });
      expect(table?.live).toEqual(table?.rebuilt);
      expect(table?.live).toEqual({
        rows: projection === orders ? 20 : 100,
        digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      });
    }
    expect(await shop.leftovers()).toEqual([]);
  });

  it('names a single altered row and what is different in it', async () => {
    const report = await change(
      `UPDATE shop.orders SET cents = 11 WHERE key = 'o7'`,
      `UPDATE shop.orders SET cents = 10 WHERE key = 'o7'`,
    );
    expect(report.equal).toBe(false);
    const [table] = report.tables;
    expect(table?.live.digest).not.toBe(table?.rebuilt.digest);
    expect(report.tables).toMatchObject([
      {
        table: 'orders',
        live: { rows: 20 },
        rebuilt: { rows: 20 },
        differing: 1,
        differences: [{ key: '["o7"]', kind: 'altered', columns: [{ name: 'cents', live: '11', rebuilt: '10' }] }],
      },
    ]);
  });

  it('names a row that is too much', async () => {
    const report = await change(
      `INSERT INTO shop.orders SELECT 'stray', customer, cents, items, note, view FROM shop.orders WHERE key = 'o1'`,
      `DELETE FROM shop.orders WHERE key = 'stray'`,
    );
    expect(report.tables).toMatchObject([
      { live: { rows: 21 }, rebuilt: { rows: 20 }, differing: 1, differences: [{ key: '["stray"]', kind: 'extra' }] },
    ]);
  });

  it('names a row that is missing', async () => {
    await shop.pool.query('CREATE TABLE shop.kept AS SELECT * FROM shop.orders');
    const report = await change(
      `DELETE FROM shop.orders WHERE key = 'o12'`,
      `INSERT INTO shop.orders SELECT * FROM shop.kept WHERE key = 'o12'`,
    );
    expect(report.tables).toMatchObject([
      { live: { rows: 19 }, rebuilt: { rows: 20 }, differing: 1, differences: [{ key: '["o12"]', kind: 'missing' }] },
    ]);
    expect(await verify(shop.parts, orders)).toMatchObject({ equal: true });
  });

  it('names the rows that differ in the order of their keys, as many as were asked for, and counts all', async () => {
    await shop.pool.query(`CREATE TABLE shop.whole AS TABLE shop.orders;
      UPDATE shop.orders SET note = 'rush' WHERE key = 'o1'; DELETE FROM shop.orders WHERE key IN ('o5', 'o9');
      INSERT INTO shop.orders SELECT 'o4x', customer, cents, items, note, view FROM shop.orders WHERE key = 'o1'`);
    const [all, some] = [await verify(shop.parts, orders), await verify(shop.parts, orders, { most: 2 })];
    await shop.pool.query('TRUNCATE shop.orders; INSERT INTO shop.orders TABLE shop.whole; DROP TABLE shop.whole');
    const named = [
      { key: '["o1"]', kind: 'altered', columns: [{ name: 'note', live: 'rush', rebuilt: null }] },
      { key: '["o4x"]', kind: 'extra' },
      { key: '["o5"]', kind: 'missing' },
      { key: '["o9"]', kind: 'missing' }, // the last of all
    ];
    expect(all.tables).toMatchObject([{ live: { rows: 19 }, rebuilt: { rows: 20 }, differing: 4 }]);
    expect(all.tables[0]?.differences).toEqual(named);
    expect(some.tables).toMatchObject([{ differing: 4 }]);
    expect(some.tables[0]?.differences).toEqual(named.slice(0, 2));
  });

  it('begins anew where one before it was killed', async () => {
    const log = await shop.store.identity();
    const left = await ShadowCopy.open(shop.parts.database, {
      projection: orders,
      purpose: 'verify',
      log,
      fresh: true,
    });
    await left.commit([], await shop.store.head());
    await left.close();
    expect(await shop.leftovers()).toEqual(['shop_verify_orders']);
    expect(await verify(shop.parts, orders)).toMatchObject({ equal: true });
    expect(await shop.leftovers()).toEqual([]);
  });

  it('finds them different when a single one of several tables is', async () => {
    const both: Projection = {
      ...orders,
      tables: ['orders', 'ledger'],
      apply: async (events, rows) => {
        await orders.apply(events, rows);
        await ledger.apply(events, rows);
      },
    };
    expect(await verify(shop.parts, both)).toMatchObject({ equal: true });
    for (const differing of ['orders', 'ledger']) {
      await shop.pool.query(`CREATE TABLE shop.whole AS TABLE shop.${differing}`);
      await shop.pool.query(`DELETE FROM shop.${differing} WHERE ctid = (SELECT min(ctid) FROM shop.${differing})`);
      const { equal, tables } = await verify(shop.parts, both);
      await shop.pool.query(
        `TRUNCATE shop.${differing}; INSERT INTO shop.${differing} TABLE shop.whole; DROP TABLE shop.whole`,
      );
      expect(equal).toBe(false);
      expect(tables.map(({ table, differing: n }) => [table, n])).toEqual([
        ['orders', Number(differing === 'orders')],
        ['ledger', Number(differing === 'ledger')],
      ]);
    }
  });

  it('compares both at one moment although events keep coming', async () => {
    let busy = true;
    const trading = (async () => {
      for (let n = 0; busy; n += 1)
        await shop.write(`o${n % 20}`, ItemAdded({ order: `o${n % 20}`, item: 'x', cents: 1 }));
    })();
    const reports = [];
    for (let n = 0; n < 3; n += 1) reports.push(await verify(shop.parts, orders));
    busy = false;
    await trading;
    expect(reports.map(({ equal }) => equal)).toEqual([true, true, true]);
  });

  it('cannot be done of what has never run, and says so', async () => {
    const unknown = { ...ledger, name: 'unheard-of' };
    await expect(verify(shop.parts, unknown)).rejects.toMatchObject({ code: 'NOT_VERIFIABLE' });
    await expect(verify(shop.parts, { ...orders, version: 2 })).rejects.toThrow('its rows are of version 1');
  });

  it('cannot be done of rows that stand behind the end of the log, and says what helps', async () => {
    const moved = `UPDATE runledger.partition_checkpoint SET position = position + 1000000 WHERE consumer = 'projection/orders'`;
    await shop.pool.query(moved);
    const failure = await verify(shop.parts, orders).catch((error: unknown) => error);
    await shop.pool.query(moved.replace('+', '-'));
    expect(failure).toMatchObject({
      code: 'NOT_VERIFIABLE',
      message: expect.stringContaining('Rebuild it.') as string,
    });
    expect(await shop.leftovers()).toEqual([]);
  });
});
