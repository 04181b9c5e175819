import type { RecordedEvent } from '../port.js';
import type { LogReader } from './log-reader.js';
import { Loopback } from './loopback.js';
import { StoreUnavailableError } from './store-errors.js';
import { Tail } from './tail.js';
import type { Follower } from '../followers.js';

const eventAt = (position: number, type: string) => ({ position: BigInt(position), type }) as RecordedEvent;
const turn = () => new Promise(resolve => setImmediate(resolve));

const turns = async (count: number) => {
  for (let n = 0; n < count; n += 1) await turn();
};
/** Whether it is, within a few turns. */
const isDone = (promise: Promise<void>) => Promise.race([promise.then(() => true), turns(20).then(() => false)]);

/** A log that begins empty and grows by what is appended to it; `faults` are what its next reads end with. */
function growingTail() {
  const log: RecordedEvent[] = [];
  const faults: Error[] = [];
  const problems: Error[] = [];
  /** What happens while the next pages are on their way here. */
  const meanwhile: (() => void)[] = [];
  const begin = { head: () => Promise.resolve(0n) };
  const reader = {
    unsettled: false,
    head: () => begin.head(),
    tailPage: (after: bigint, limit: number) => {
      const fault = faults.shift();
      if (fault) return Promise.reject(fault);
      const events = log.filter(({ position }) => position > after).slice(0, limit);
      const scannedTo = events.at(-1)?.position ?? after;
      const bytes = events.reduce((sum, { type }) => sum + (type === 'Large' ? 20_000_000 : 1), 0);
      const atHead = scannedTo === BigInt(log.length);
      meanwhile.shift()?.();
      return Promise.resolve({ events, scannedTo, atHead, bytes });
    },
  };
  const tail = new Tail(reader as unknown as LogReader, new Loopback(), problem => problems.push(problem));
  const grow = (count: number, type = 'Other') => {
    for (let n = 0; n < count; n += 1) log.push(eventAt(log.length + 1, type));
    tail.wake();
  };
  const append = async (count: number, type: string) => {
    grow(count, type);
    while (tail.read(BigInt(log.length) - 1n, 1, () => true)?.events.length !== 1) await turn();
  };
  return { tail, grow, append, faults, problems, meanwhile, begin };
}

const all = () => true;
const begun = async (tail: Tail, follower: Follower) => {
  while (!tail.read(follower.position, 1, all)) await turn();
};

function isBroken(tail: Tail): boolean {
  try {
    tail.read(0n, 1, all);
    return false;
  } catch {
    return true;
  }
}

describe('the end of the log in memory', () => {
  it('lets go of what everybody has behind them', async () => {
    const { tail, append } = growingTail();
    const [reader, sleeper] = [
      tail.follow({ matches: all, after: 0n }),
      tail.follow({ matches: ({ type }) => type === 'Wanted', after: 0n }),
    ];
    await begun(tail, reader);
    const asleep = sleeper.next(tail.version, false);
    for (let n = 0; n < 30; n += 1) await append(100, 'Other');
    expect(sleeper.position).toBe(3_000n);
    expect(tail.read(0n, 5_000, all)?.events).toHaveLength(3_000);

    reader.moveTo(2_500n);
    await append(100, 'Other');
    expect(tail.read(2_400n, 5_000, all)).toBeUndefined();
    expect(tail.read(2_500n, 5_000, all)?.events).toHaveLength(600);

    await append(1, 'Wanted');
    await asleep;
    expect(sleeper.position).toBe(3_100n);
    expect(tail.read(sleeper.position, 10, sleeper.matches)?.events).toEqual([eventAt(3_101, 'Wanted')]);
    [reader, sleeper].forEach(follower => tail.unfollow(follower));
  });

  it('keeps the newest hundred for newcomers', async () => {
    const { tail, append } = growingTail();
    const reader = tail.follow({ matches: all, after: 0n });
    await begun(tail, reader);
    for (let end = 10n; end <= 1_000n; end += 10n) {
      await append(10, 'Other');
      reader.moveTo(end);
      expect(tail.read(end < 100n ? 0n : end - 100n, 5_000, all)?.events).toHaveLength(Math.min(100, Number(end)));
      if (end > 360n) expect(tail.read(end - 360n, 5_000, all)).toBeUndefined();
    }
    tail.unfollow(reader);
  });

  it('hands over what is behind a position, once and in order, as much as is asked for (T1)', async () => {
    const { tail, append } = growingTail();
    const reader = tail.follow({ matches: all, after: 0n });
    await begun(tail, reader);
    await append(10, 'Other');
    await append(2, 'Wanted');
    const read = (after: bigint, limit: number, matches: (event: RecordedEvent) => boolean = all) => {
      const page = tail.read(after, limit, matches);
      return [page?.events.map(({ position }) => Number(position)), Number(page?.scannedTo), page?.atHead];
    };
    expect(read(4n, 3)).toEqual([[5, 6, 7], 7, false]);
    expect(read(7n, 5)).toEqual([[8, 9, 10, 11, 12], 12, true]);
    expect(read(0n, 1, ({ type }) => type === 'Wanted')).toEqual([[11], 11, false]);
    expect(read(12n, 5)).toEqual([[], 12, true]);
    tail.unfollow(reader);
  });

  it('keeps no more bytes than it may, and as much as ever once what was large is gone (T2)', async () => {
    const { tail, append } = growingTail();
    const reader = tail.follow({ matches: all, after: 0n });
    await begun(tail, reader);
    await append(1, 'Large');
    await append(1, 'Other');
    expect(tail.read(0n, 10, all)?.events).toHaveLength(2);
    await append(1, 'Large');
    expect(tail.read(0n, 10, all)).toBeUndefined();
    expect(tail.read(1n, 10, all)?.events).toHaveLength(2);
    for (let n = 0; n < 3; n += 1) await append(1, 'Large');
    for (let n = 0; n < 9; n += 1) await append(1, 'Other');
    expect(tail.read(5n, 20, all)?.events).toHaveLength(10);
    tail.unfollow(reader);
  });

  it('keeps no more than ten thousand events for who is slow (T2)', async () => {
    const { tail, append } = growingTail();
    const slow = tail.follow({ matches: all, after: 0n });
    await begun(tail, slow);
    for (let n = 0; n < 10; n += 1) await append(1_000, 'Other');
    expect(tail.read(0n, 20_000, all)?.events).toHaveLength(10_000);
    await append(1_000, 'Other');
    expect(tail.read(999n, 20_000, all)).toBeUndefined();
    expect(tail.read(1_000n, 20_000, all)?.events).toHaveLength(10_000);
    tail.unfollow(slow);
  });

  it('is read on at once while there is more, and when it was woken while it was read', async () => {
    const { tail, grow, meanwhile } = growingTail();
    const reader = tail.follow({ matches: all, after: 0n });
    await begun(tail, reader);
    await turns(5);
    grow(3_500);
    await turns(5);
    expect(tail.end).toBe(3_500n);
    meanwhile.push(() => grow(1));
    tail.wake();
    await turns(5);
    expect(tail.end).toBe(3_501n);
    tail.unfollow(reader);
  });

  it('has those look again who looked before it had begun, or before it grew', async () => {
    const { tail, append, begin } = growingTail();
    let beginAt: (head: bigint) => void = () => undefined;
    begin.head = () => new Promise(resolve => (beginAt = resolve));
    const reader = tail.follow({ matches: all, after: 0n });
    const isTold = isDone(reader.next(tail.version, false));
    beginAt(0n);
    expect(await isTold).toBe(true);
    const seen = tail.version;
    await append(1, 'Other');
    expect(await isDone(reader.next(seen, false))).toBe(true);
    tail.unfollow(reader);
  });

  it('tells its followers of a fault that does not pass by itself, and begins anew', async () => {
    const { tail, append, faults, problems } = growingTail();
    const reader = tail.follow({ matches: all, after: 0n });
    await begun(tail, reader);
    const passing = new StoreUnavailableError(new Error('the database is gone'));
    const lasting = new Error('the table is gone');
    faults.push(passing);
    tail.wake();
    while (problems.length < 1) await turn();
    expect(tail.read(0n, 1, all)?.events).toEqual([]);
    faults.push(lasting);
    const told = reader.next(tail.version, false);
    while (problems.length < 2) {
      tail.wake();
      await turn();
    }
    await told;
    expect(problems).toEqual([passing, lasting]);
    expect(() => tail.read(0n, 1, all)).toThrow(lasting);
    while (isBroken(tail)) {
      tail.wake();
      await turn();
    }
    await append(1, 'Other');
    expect(tail.read(0n, 5, all)?.events).toHaveLength(1);
    tail.unfollow(reader);
  });

  it('is let go of with the last follower (T3)', async () => {
    const { tail, append } = growingTail();
    const [first, second] = [0n, 0n].map(after => tail.follow({ matches: all, after })) as [Follower, Follower];
    await begun(tail, first);
    await append(3, 'Other');
    tail.unfollow(first);
    await turn();
    expect(tail.end).toBe(3n);
    tail.unfollow(second);
    await turns(5);
    expect(tail.end).toBeUndefined();
    expect(tail.read(0n, 5, all)).toBeUndefined();
  });

  it('sends a follower to look where it has not been, and never back', async () => {
    const { tail, append } = growingTail();
    const first = tail.follow({ matches: all, after: 0n });
    await begun(tail, first);
    await append(10, 'Other');
    const [behind, beyond] = [4n, 50n].map(after => tail.follow({ matches: () => false, after })) as [
      Follower,
      Follower,
    ];
    const woken = behind.next(tail.version, false);
    void beyond.next(tail.version, false);
    await append(1, 'Other');
    await woken;
    expect([behind.position, beyond.position]).toEqual([4n, 50n]);
    [first, behind, beyond].forEach(follower => tail.unfollow(follower));
  });
});
