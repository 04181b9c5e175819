import { partitionOf } from '@runledger/event-store';
import { eventually } from '@runledger/testing';
import { ledger, orders } from './read-model.fixture.js';
import { rebuild } from './shadow/rebuild.js';
import { verify } from './shadow/verify.js';
import { items, partitionsOf, share, shared } from './sharing.fixture.js';
import { shopWorld } from './shop-world.fixture.js';
import type { ShopWorld } from './shop-world.fixture.js';

describe('a projection that several processes run', () => {
  let shop: ShopWorld;
  beforeEach(async () => {
    shop = await shopWorld();
  });
  afterEach(() => shop.close());

  it('is split by correlation id, counts every event once, and tells in each process how far all have come', async () => {
    const [ada, bob] = [shop.sharingHost('ada'), shop.sharingHost('bob')];
    await Promise.all([ada.host.start(shared), bob.host.start(shared)]);
    await share(shop, 'ada', 'bob');
    const end = await shop.trade(40, 3);
    await Promise.all([ada, bob].map(({ host }) => host.reached('orders', end, 60_000)));
    expect(await items(shop)).toEqual({ items: 120 });
    expect(await verify(shop.parts, shared)).toMatchObject({ equal: true });
  });

  it('is run whole by one of them when its rows cannot be parted; the others know how far it is', async () => {
    const [ada, bob] = [shop.sharingHost('ada'), shop.sharingHost('bob')];
    await ada.host.start(orders);
    await bob.host.start(orders);
    await bob.host.reached('orders', await shop.trade(5, 2), 60_000);
    expect([await partitionsOf(shop, 'ada'), await partitionsOf(shop, 'bob')]).toEqual([1, 0]);
    await eventually(() => expect(bob.host.status()).toMatchObject([{ state: 'live' }]));
  });

  it('goes on in another process when one falls silent, which takes part again when it wakes up', async () => {
    const [ada, bob] = [shop.sharingHost('ada'), shop.sharingHost('bob')];
    await Promise.all([ada.host.start(shared), bob.host.start(shared)]);
    await share(shop, 'ada', 'bob');
    ada.isSilent = true;
    await eventually(async () => expect(await partitionsOf(shop, 'bob')).toBe(16));
    await bob.host.reached('orders', await shop.trade(20, 2), 60_000);
    ada.isSilent = false;
    await share(shop, 'ada', 'bob');
    const end = await shop.trade(20, 2, 'later');
    await Promise.all([ada, bob].map(({ host }) => host.reached('orders', end, 60_000)));
    expect(await items(shop)).toEqual({ items: 80 });
    await eventually(() => expect(ada.host.status()).toMatchObject([{ state: 'live' }]));
  });

  it('is verified with each of its parts as far as that has come', async () => {
    const { host } = shop.sharingHost('ada');
    const spread = { ...ledger, partitioned: true };
    await host.start(spread);
    await host.reached('ledger', await shop.trade(8, 3), 60_000);
    await host.stop();
    const { events } = await shop.store.readAll({ after: 0n, limit: 100, types: ['ItemAdded'] });
    const behind = [...new Set(['o0', 'o7'].map(partitionOf))].map(part => {
      const [place, ...missing] = events.filter(event => partitionOf(event.metadata.correlationId) === part);
      return { part, place: String(place?.position), missing: missing.map(({ position }) => String(position)) };
    });
    for (const { part, place, missing } of behind) {
      await shop.pool.query(
        `UPDATE runledger.partition_checkpoint SET position = $1 WHERE consumer = 'projection/ledger' AND partition = $2`,
        [place, part],
      );
      await shop.pool.query('DELETE FROM shop.ledger WHERE position = ANY ($1)', [missing]);
    }
    expect((await shop.rows('ledger')).length).toBeLessThanOrEqual(20);
    expect(await verify(shop.parts, spread)).toMatchObject({ equal: true });
    await shop.pool.query('DELETE FROM shop.ledger WHERE position = $1', [behind[0]?.place]);
    expect(await verify(shop.parts, spread)).toMatchObject({ equal: false, tables: [{ differing: 1 }] });
  });

  it('is taken up again by all of them after its rows were exchanged', async () => {
    const [ada, bob] = [shop.sharingHost('ada'), shop.sharingHost('bob')];
    await Promise.all([ada.host.start(shared), bob.host.start(shared)]);
    await share(shop, 'ada', 'bob');
    await ada.host.reached('orders', await shop.trade(20, 2), 60_000);
    const before = await shop.rows('orders');
    await rebuild(shop.parts, shared);
    expect(await shop.rows('orders')).toEqual(before);
    await share(shop, 'ada', 'bob');
    await bob.host.reached('orders', await shop.trade(20, 2, 'later'), 60_000);
    expect(await items(shop)).toEqual({ items: 80 });
    expect(await verify(shop.parts, shared)).toMatchObject({ equal: true });
  });

  it('is rebuilt beside by a newer program, while an older one serves; then the older one stops', async () => {
    const old = shop.sharingHost('old');
    await old.host.start(shared);
    await old.host.reached('orders', await shop.trade(10, 2), 60_000);
    const [first, second] = [shop.sharingHost('first'), shop.sharingHost('second')];
    const raised = { ...shared, version: 2 };
    await Promise.all([first.host.start(raised), second.host.start(raised)]);
    const end = await shop.trade(10, 2, 'later');
    await Promise.all([first, second].map(({ host }) => host.reached('orders', end, 60_000)));
    await eventually(() => expect(old.host.status()).toMatchObject([{ state: 'stopped', reason: 'fenced' }]));
    expect(await items(shop)).toEqual({ items: 40 });
    expect(await verify(shop.parts, raised)).toMatchObject({ equal: true, version: 2 });
    await expect(shop.sharingHost('late').host.start(shared)).rejects.toMatchObject({ code: 'NEWER_ROWS' });
  });
});
