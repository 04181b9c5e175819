import type { EventStore } from '../port.js';
import { describeAppending } from './appending.js';
import type { ContractWorld, StoreCapabilities, StoreUnderTest } from './contract-world.js';
import { describeFollowing } from './following.js';
import { describePayloads } from './payloads.js';
import { findRaces } from './race-check.js';
import { describeReading } from './reading.js';
import { describeExactRepeating, describeRepeating } from './repeating.js';

export type { StoreCapabilities, StoreUnderTest } from './contract-world.js';

/**
 * What every adapter of the event store port keeps (E1, E2). Call it in a spec of the adapter with a factory that opens an
 * empty store.
 */
export function describeEventStore(
  name: string,
  open: () => Promise<StoreUnderTest>,
  capabilities: StoreCapabilities,
): void {
  describe(`${name} as an event store`, () => {
    const { world, start, stop } = openLater(open, capabilities);
    beforeAll(start);
    afterAll(stop);

    describeAppending(world);
    describeRepeating(world);
    if (capabilities.exactIdempotency) describeExactRepeating(world);
    describePayloads(world);
    describeReading(world);
    describeFollowing(world);

    it('loses, repeats and reorders nothing while many write and read', async () => {
      const report = await findRaces({
        writers: [world.store, world.another],
        readers: [world.store, world.another, world.store],
      });
      expect(report).toEqual({ stored: report.stored, lost: 0, repeated: 0, inverted: 0, orders: 1 });
      expect(report.stored).toBeGreaterThan(25); // enough for every writer and reader to have met the others
    });

    it('knows its log by a name that all its readers see and nothing changes', async () => {
      const [name, ...others] = await Promise.all([world.store, world.another, world.store].map(s => s.identity()));
      expect(name).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      expect(new Set(others)).toEqual(new Set([name]));
      expect(await world.another.identity()).toBe(name);
    });

    if (capabilities.detectsOlderLog) {
      it('refuses to go on from a position that the log has not reached, as after a restore', async () => {
        const beyond = (await world.store.head()) + 1_000_000n;
        await expect(world.store.readAll({ after: beyond })).rejects.toMatchObject({ code: 'LOG_BEHIND' });
        const subscription = world.store.subscribe({ after: beyond, signal: new AbortController().signal });
        await expect(subscription[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'LOG_BEHIND' });
      });
    }
  });
}

/** Cases are declared before the store is open, so they reach it through this. */
function openLater(open: () => Promise<StoreUnderTest>, capabilities: StoreCapabilities) {
  let opened: StoreUnderTest | undefined;
  let other: EventStore | undefined;
  const required = <T>(value: T | undefined): T => {
    if (value === undefined) throw new TypeError('The store under test is not open.');
    return value;
  };
  const world: ContractWorld = {
    capabilities,
    get store() {
      return required(opened).store;
    },
    get another() {
      return required(other);
    },
  };
  const start = async () => {
    opened = await open();
    other = opened.another();
  };
  const stop = async () => {
    await opened?.close();
  };
  return { world, start, stop };
}
