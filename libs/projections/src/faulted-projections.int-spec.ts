import { Leases } from '@runledger/messaging';
import type { Distribution } from '@runledger/messaging';
import { eventually } from '@runledger/testing';
import { ProjectionHost } from './projection-host.js';
import type { ProjectionHostOptions } from './projection-host.js';
import { retryProjection } from './projection-list.js';
import type { Projection } from './projection.js';
import { readState } from './projection-state.js';
import { ItemAdded, ledger, OrderPlaced } from './read-model.fixture.js';
import { rebuild } from './shadow/rebuild.js';
import { shopWorld } from './shop-world.fixture.js';
import type { ShopWorld } from './shop-world.fixture.js';

/** A source that takes its time to end; `ending` resolves when it is asked to. */
function lateToEnd(source: Distribution) {
  let [tell, letEnd] = [() => {}, () => {}];
  const ending = new Promise<void>(resolve => (tell = resolve));
  const free = new Promise<void>(resolve => (letEnd = resolve));
  const late: Distribution = {
    subscribe: async function* (options) {
      try {
        yield* source.subscribe(options);
      } finally {
        tell();
        await free;
      }
    },
  };
  return { late, ending, letEnd: () => letEnd() };
}

describe('a projection that cannot take an event', () => {
  const state = { mended: false };
  const brittle: Projection = {
    ...ledger,
    apply: async (events, rows) => {
      const isBad = events.some(({ data }) => (data as { item: string }).item === 'bad');
      if (isBad && !state.mended) throw new Error('there is no such item');
      await ledger.apply(events, rows);
    },
  };
  const retry = { attempts: 2, retryableAttempts: 2, firstDelayMs: 1, maxDelayMs: 1 };
  let shop: ShopWorld;
  const start = (options: Partial<ProjectionHostOptions> = {}) => shop.host({ retry, ...options }).start(brittle);

  beforeEach(async () => {
    state.mended = false;
    shop = await shopWorld();
    await shop.write('o1', OrderPlaced({ order: 'o1', customer: 'ada' }));
    await shop.write('o1', ItemAdded({ order: 'o1', item: 'bad', cents: 1 }));
  });
  afterEach(() => shop.close());

  it('says where it stopped to everybody who asks, and goes on when they say that it is mended', async () => {
    const running = await start();
    await expect(running.reached(2n)).rejects.toThrow('no such item');
    const { dataSource } = shop.parts;
    await eventually(async () =>
      expect(await readState('ledger', dataSource)).toMatchObject({
        fault: { position: 2n, eventType: 'ItemAdded', message: 'there is no such item' },
      }),
    );
    state.mended = true;
    await retryProjection(dataSource, 'ledger');
    await eventually(() => expect(running.status()).toMatchObject({ state: 'live', position: 2n }));
    await eventually(async () => expect(await readState('ledger', dataSource)).not.toHaveProperty('fault'));
  });

  it('goes on from the rows of a rebuild by a program that is mended', async () => {
    const running = await start();
    await expect(running.reached(2n)).rejects.toThrow('no such item');
    state.mended = true;
    await rebuild(shop.parts, ledger);
    await eventually(() => expect(running.status()).toMatchObject({ state: 'live', position: 2n }));
    expect(await readState('ledger', shop.parts.dataSource)).not.toHaveProperty('fault');
  });

  it('goes on as well when it learns of the rebuild before it learns that its partitions were taken for it', async () => {
    const rare = { owner: 'rarely heard of', heartbeatMs: 60_000, ttlMs: 120_000 };
    const running = await start({ leases: new Leases(shop.parts.checkpoints, rare) });
    await expect(running.reached(2n)).rejects.toThrow('no such item');
    state.mended = true;
    await rebuild(shop.parts, ledger);
    await eventually(() => expect(running.status()).toMatchObject({ state: 'live', position: 2n }));
    await shop.write('o1', ItemAdded({ order: 'o1', item: 'good', cents: 1 }));
    await running.reached(3n);
  });

  it('rebuilds its rows again when they say that what was in the way of the rebuild is mended', async () => {
    state.mended = true;
    const older = await start();
    await older.reached(2n);
    await older.stop();
    state.mended = false;
    const running = await shop.host({ retry }).start({ ...brittle, version: 2 });
    await eventually(() => expect(running.status()).toMatchObject({ state: 'faulted', fault: { position: 2n } }));
    state.mended = true;
    await retryProjection(shop.parts.dataSource, 'ledger');
    await eventually(() => expect(running.status()).toMatchObject({ state: 'live', position: 2n }));
    await running.reached(await shop.write('o1', ItemAdded({ order: 'o1', item: 'good', cents: 1 })));
    expect(await readState('ledger', shop.parts.dataSource)).toMatchObject({ version: 2 });
  });

  it('can be stopped in the moment in which it fails', async () => {
    const { late, ending, letEnd } = lateToEnd(shop.store);
    const host = new ProjectionHost({ ...shop.parts, source: late }, { owner: 'p', retry });
    const running = await host.start(brittle);
    await ending;
    const stopped = host.stop();
    letEnd();
    await stopped;
    expect(running.status()).toMatchObject({ state: 'faulted', fault: { position: 2n } });
  });
});
