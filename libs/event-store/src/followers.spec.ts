import { Followers, type Follower } from './followers.js';
import type { Position, RecordedEvent } from './port.js';

const turn = () => new Promise(resolve => setImmediate(resolve));
const eventOf = (position: Position, correlationId: string) =>
  ({ position, metadata: { correlationId } }) as unknown as RecordedEvent;

/** A log in memory that has everything up to position 10, and who follows it. */
function placeUpTo10() {
  const place: { version: number; end: Position | undefined } = { version: 1, end: 10n };
  const all = new Followers(place);
  /** One event joins, of this story. */
  const joins = (correlationId: string) => {
    const before = place.end ?? 10n;
    place.end = before + 1n;
    place.version += 1;
    all.offer({ events: [eventOf(place.end, correlationId)], scannedTo: place.end }, before);
  };
  const follow = (after: Position, correlationId?: string) =>
    all.follow({ matches: ({ metadata }) => metadata.correlationId === 'run_1', after, correlationId });
  return { place, all, joins, follow };
}

/** Falls asleep, and tells whether it has been woken. */
function asleep(follower: Follower, seen: number): () => Promise<boolean> {
  let woken = false;
  void follower.next(seen, false).then(() => (woken = true));
  return async () => {
    await turn();
    return woken;
  };
}

let world: ReturnType<typeof placeUpTo10>;
let followers: Follower[];
const following = (...wanted: Parameters<typeof world.follow>) => {
  const follower = world.follow(...wanted);
  followers.push(follower);
  return follower;
};

beforeEach(() => {
  world = placeUpTo10();
  followers = [];
});

afterEach(() => followers.forEach(follower => world.all.remove(follower)));

describe('who follows the end of the log', () => {
  it.each([
    ['of one story', 'run_1'],
    ['of all stories', undefined],
  ])('sleeps %s through what it does not want, and has it behind it (F1)', async (_, correlationId) => {
    const follower = following(10n, correlationId);
    const isWoken = asleep(follower, 1);
    world.joins('run_2');
    expect([await isWoken(), follower.position, world.all.lowest(11n)]).toEqual([false, 11n, 11n]);
    world.joins('run_1');
    expect([await isWoken(), follower.position]).toEqual([true, 11n]);
  });

  it('looks for itself where it has not been, whatever joins (F2)', async () => {
    const behind = following(4n, 'run_1');
    const isWoken = asleep(behind, 1);
    expect([await isWoken(), world.all.lowest(10n)]).toEqual([false, 4n]);
    world.joins('run_2');
    expect([await isWoken(), behind.position]).toEqual([true, 4n]);
  });

  it('is offered what joins a place that had not begun when it fell asleep (F2)', async () => {
    world.place.end = undefined;
    const early = following(10n, 'run_1');
    const isWoken = asleep(early, 1);
    world.joins('run_2');
    expect([await isWoken(), early.position]).toEqual([false, 11n]);
    world.joins('run_1');
    expect(await isWoken()).toBe(true);
  });

  it('does not sleep when something has joined since it looked', async () => {
    expect(await asleep(following(10n, 'run_1'), 0)()).toBe(true);
  });

  it('is woken with all others, and sleeps again', async () => {
    const pair = [following(10n, 'run_1'), following(10n)];
    for (let round = 0; round < 2; round += 1) {
      const woken = pair.map(follower => asleep(follower, world.place.version));
      expect(await Promise.all(woken.map(ask => ask()))).toEqual([false, false]);
      world.all.wake();
      expect(await Promise.all(woken.map(ask => ask()))).toEqual([true, true]);
    }
  });

  it('holds nothing back when it has gone', async () => {
    const [gone, stays] = [following(2n, 'run_1'), following(7n, 'run_1')] as const;
    const isWoken = asleep(gone, 1);
    world.all.remove(gone);
    expect([world.all.size, world.all.lowest(10n)]).toEqual([1, 7n]);
    world.joins('run_2');
    expect(await isWoken()).toBe(false);
    world.all.remove(stays);
    expect([world.all.size, world.all.lowest(10n)]).toEqual([0, 10n]);
  });
});
