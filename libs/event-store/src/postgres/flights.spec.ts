import fc from 'fast-check';
import type { AppendRequest } from '../append-request.js';
import type { AppendOutcome } from '../port.js';
import { Flights } from './flights.js';
import { StoreUnavailableError } from './store-errors.js';

const keyOf = ({ stream }: AppendRequest) => `${stream.tenant}\0${stream.name}`;

/** What one append asks for: its stream, and whether it goes well, conflicts, or breaks every flight it is part of. */
interface Wish {
  readonly stream: number;
  readonly fate: 'stored' | 'conflict' | 'poison';
  readonly afterMs: number;
}

const wishes = fc.array(
  fc.record({
    stream: fc.integer({ min: 0, max: 6 }),
    fate: fc.constantFrom('stored', 'stored', 'stored', 'conflict', 'poison' as const),
    afterMs: fc.integer({ min: 0, max: 3 }),
  }),
  { minLength: 1, maxLength: 40 },
);

const limits = fc.record({
  flights: fc.integer({ min: 1, max: 4 }),
  appends: fc.integer({ min: 1, max: 16 }),
  bytes: fc.constant(1_000),
});

/** A store in memory that watches how it is flown to. */
function watchedStore(limit: { readonly flights: number; readonly appends: number }) {
  const busy = new Set<string>();
  const order = new Map<string, number[]>();
  const breaches: string[] = [];
  let flying = 0;
  const expectThat = (holds: boolean, what: string) => holds || breaches.push(what);
  const fly = async (requests: readonly (AppendRequest & { readonly wish?: Wish; readonly nth?: number })[]) => {
    const keys = requests.map(keyOf);
    flying += 1;
    expectThat(requests.length > 0, 'nobody aboard');
    expectThat(flying <= limit.flights, 'too many flights');
    expectThat(requests.length <= limit.appends, 'too many appends');
    expectThat(keys.join() === [...new Set(keys)].sort().join(), 'F3: not sorted, or one stream twice');
    expectThat(!keys.some(key => busy.has(key)), 'F2: a stream twice under way');
    keys.forEach(key => busy.add(key));
    await new Promise(resolve => setTimeout(resolve, 1));
    keys.forEach(key => busy.delete(key));
    flying -= 1;
    if (requests.some(({ wish }) => wish?.fate === 'poison')) throw new Error('poisoned');
    return requests.map(({ wish, nth = -1, ...request }): AppendOutcome => {
      if (wish?.fate === 'conflict') return { status: 'conflict', revision: nth };
      const seen = order.get(keyOf(request)) ?? [];
      order.set(keyOf(request), [...seen, nth]);
      return { status: 'appended', revision: nth, position: BigInt(nth) };
    });
  };
  return { fly, order, breaches };
}

function requestFor(wish: Wish, nth: number): AppendRequest {
  const stream = { tenant: 'ws', name: `run-${wish.stream}` };
  return { stream, expected: 'any', events: eventsOf(1), bytes: 10, ...{ wish, nth } };
}

function eventsOf(count: number): AppendRequest['events'] {
  return Array.from({ length: count }, () => ({ id: '', type: '', correlationId: '', data: '', metadata: '' }));
}

/** Sizes of the flights that are under way at once, when so many ask at the same time and the first of them went alone. */
function underWay(asking: number, events: number, spareTime: { readonly isThere: boolean }): number[] {
  const sizes: number[] = [];
  const never = new Promise<never>(() => undefined);
  const fly = ({ length }: readonly AppendRequest[]) => {
    sizes.push(length);
    return never;
  };
  const flights = new Flights(fly, { flights: 4, appends: 64, bytes: 1_000_000 }, spareTime);
  for (let nth = 0; nth < asking; nth += 1) {
    void flights.append({ ...requestFor({ stream: nth, fate: 'stored', afterMs: 0 }, nth), events: eventsOf(events) });
  }
  return sizes;
}

const limitsOfFour = { flights: 1, appends: 4, bytes: 1_000 };
const appends = (flights: Flights, count: number) =>
  Array.from({ length: count }, (_, nth) =>
    flights.append(requestFor({ stream: nth, fate: 'stored', afterMs: 0 }, nth)),
  );

describe('appends that share transactions', () => {
  it('end as if each had gone alone, in the order of its stream', async () => {
    await fc.assert(
      fc.asyncProperty(wishes, limits, async (asked, limit) => {
        const store = watchedStore(limit);
        const flights = new Flights(store.fly, limit);
        const ask = async (wish: Wish, nth: number) => {
          await new Promise(resolve => setTimeout(resolve, wish.afterMs));
          return flights.append(requestFor(wish, nth));
        };
        const outcomes = await Promise.allSettled(asked.map(ask));
        await flights.idle();
        const fates = outcomes.map((outcome, nth) =>
          outcome.status === 'rejected'
            ? 'poison'
            : outcome.value.status === 'conflict'
              ? 'conflict'
              : ['stored', nth, outcome.value],
        );
        expect(fates).toEqual(
          asked.map(({ fate }, nth) =>
            fate === 'stored' ? ['stored', nth, { status: 'appended', revision: nth, position: BigInt(nth) }] : fate,
          ),
        );
        expect(store.breaches).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('keep the order in which appends to one stream were asked for', async () => {
    const store = watchedStore({ flights: 3, appends: 4 });
    const flights = new Flights(store.fly, { flights: 3, appends: 4, bytes: 1_000 });
    const asked = Array.from({ length: 30 }, (_, nth) =>
      flights.append(requestFor({ stream: nth % 2, fate: 'stored', afterMs: 0 }, nth)),
    );
    await Promise.all(asked);
    expect([...store.order.values()]).toEqual([
      Array.from({ length: 15 }, (_, n) => 2 * n),
      Array.from({ length: 15 }, (_, n) => 2 * n + 1),
    ]);
  });

  it('are all done when nothing waits and nothing is under way any more, and not before', async () => {
    const store = watchedStore({ flights: 2, appends: 4 });
    const flights = new Flights(store.fly, { flights: 2, appends: 4, bytes: 1_000 });
    await flights.idle();
    const stored = () => [...store.order.values()].flat().length;
    for (let nth = 0; nth < 30; nth += 1)
      void flights.append(requestFor({ stream: nth % 7, fate: 'stored', afterMs: 0 }, nth));
    await Promise.all([flights.idle(), flights.idle()]);
    expect(stored()).toBe(30);
    void flights.append(requestFor({ stream: 0, fate: 'stored', afterMs: 0 }, 30));
    await flights.idle();
    expect(stored()).toBe(31);
    expect(store.breaches).toEqual([]);
  });

  it('are told what befell them alone, one that the store forgot to answer too (F1)', async () => {
    const conflict: AppendOutcome = { status: 'conflict', revision: 3 };
    const answers = [conflict, new TypeError('This one is unreadable.')];
    const flights = new Flights(
      requests => Promise.resolve(requests.length === 1 ? [conflict] : answers),
      limitsOfFour,
    );
    const outcomes = await Promise.allSettled(appends(flights, 4));
    expect(outcomes).toEqual([
      { status: 'fulfilled', value: conflict },
      { status: 'fulfilled', value: conflict },
      { status: 'rejected', reason: answers[1] },
      { status: 'rejected', reason: new TypeError('A flight landed without one of its appends.') },
    ]);
  });

  it('do not each wait for a store that cannot be reached (F4)', async () => {
    const away = new StoreUnavailableError(new Error('nobody listens'));
    let sent = 0;
    const flights = new Flights(() => Promise.reject(((sent += 1), away)), limitsOfFour);
    const outcomes = await Promise.allSettled(appends(flights, 4));
    expect(outcomes).toEqual(Array.from({ length: 4 }, () => ({ status: 'rejected', reason: away })));
    expect(sent).toBe(3); // the first, which had no company, the three others together, and one of them alone
  });

  it('go two at a time, three where this thread mostly waits, and more when all of them are filled', async () => {
    const [busy, spare] = [{ isThere: false }, { isThere: true }];
    const all = [underWay(61, 1, busy), underWay(30, 1, spare), underWay(120, 1, busy)];
    await new Promise(resolve => setImmediate(resolve));
    expect(all).toEqual([
      [1, 31],
      [1, 10, 10],
      [1, 30, 30, 30],
    ]);
  });

  it('wait for who comes in the same turn where the last ones had company, and for nobody where one went alone', async () => {
    const sizes: number[] = [];
    const fly = ({ length }: readonly AppendRequest[]) => {
      sizes.push(length);
      return Promise.resolve(Array.from({ length }, () => ({ status: 'deleted' }) as const));
    };
    const flights = new Flights(fly, { flights: 2, appends: 50, bytes: 1_000 });
    const sizesAtOnce: number[] = [];
    for (const count of [1, 3, 3, 1, 1]) {
      const asked = appends(flights, count);
      sizesAtOnce.push(sizes.length);
      await Promise.all(asked);
    }
    expect([sizes, sizesAtOnce]).toEqual([
      [1, 1, 2, 3, 1, 1],
      [1, 2, 3, 4, 6],
    ]);
  });

  it('take turns: many to one stream do not keep another waiting', async () => {
    const flown: string[] = [];
    const fly = (requests: readonly AppendRequest[]) => {
      flown.push(...requests.map(({ stream }) => stream.name));
      return Promise.resolve(requests.map(() => ({ status: 'deleted' }) as const));
    };
    const flights = new Flights(fly, { flights: 1, appends: 1, bytes: 1_000 });
    const asked = [0, 0, 0, 1].map((stream, nth) =>
      flights.append(requestFor({ stream, fate: 'stored', afterMs: 0 }, nth)),
    );
    await Promise.all(asked);
    expect(flown).toEqual(['run-0', 'run-1', 'run-0', 'run-0']);
  });

  it('share no flight where each fills one of its own', async () => {
    const busy = { isThere: false };
    const all = [underWay(12, 1, busy), underWay(8, 2, busy), underWay(8, 10, busy)];
    await new Promise(resolve => setImmediate(resolve));
    expect(all).toEqual([
      [1, 8],
      [1, 4],
      [1, 4],
    ]);
  });

  it('do not share more than the limit of bytes', async () => {
    const sizes: number[] = [];
    const flights = new Flights(
      requests => {
        sizes.push(requests.reduce((sum, { bytes }) => sum + bytes, 0));
        return Promise.resolve(requests.map(() => ({ status: 'deleted' }) as const));
      },
      { flights: 1, appends: 50, bytes: 100 },
    );
    const request = (n: number, bytes: number) =>
      flights.append({ ...requestFor({ stream: n, fate: 'stored', afterMs: 0 }, n), bytes });
    await Promise.all([60, 60, 300, 30, 30, 40].map((bytes, n) => request(n, bytes)));
    expect(sizes).toEqual([60, 60, 300, 100]);
  });
});
