import fc from 'fast-check';
import { Followers } from './followers.js';
import type { Follower } from './followers.js';
import type { RecordedEvent } from './port.js';

const STORIES = ['a', 'b', 'c'];
const turn = () => new Promise(resolve => setImmediate(resolve));

/** A place that keeps all of a log whose positions have gaps, and its readers. */
class Place {
  version = 0;
  end: bigint | undefined;
  readonly log: RecordedEvent[] = [];
  readonly followers = new Followers(this);

  begin(): void {
    this.end = 0n;
    this.version += 1;
    this.followers.wake();
  }

  grow(stories: readonly string[]): void {
    const before = this.end ?? 0n;
    const events = stories.map((correlationId, n) => eventAt(before + 2n * BigInt(n + 1), correlationId));
    this.log.push(...events);
    this.end = events.at(-1)?.position ?? before;
    this.version += 1;
    this.followers.offer({ events, scannedTo: this.end }, before);
  }

  eventsBehind(position: bigint, story: string | undefined): RecordedEvent[] {
    const behind = this.end === undefined ? [] : this.log.filter(event => event.position > position);
    return behind.filter(({ metadata }) => story === undefined || metadata.correlationId === story);
  }
}

const eventAt = (position: bigint, correlationId: string) =>
  ({ position, metadata: { correlationId } }) as unknown as RecordedEvent;

/** Reads as subscriptions do: looks, and sleeps where there is nothing. */
class Reader {
  readonly seen: bigint[] = [];
  readonly follower: Follower;
  looks = 0;
  #gone = false;

  constructor(
    private readonly place: Place,
    private readonly story: string | undefined,
  ) {
    const matches = ({ metadata }: RecordedEvent) => story === undefined || metadata.correlationId === story;
    this.follower = place.followers.follow({ matches, after: 0n, correlationId: story, progress: false });
    void this.#read();
  }

  leave(): void {
    this.#gone = true;
    this.place.followers.remove(this.follower);
    this.follower.wake();
  }

  async #read(): Promise<void> {
    for (let cursor = 0n; !this.#gone; cursor = this.follower.position) {
      const { version } = this.place;
      const events = this.place.eventsBehind(cursor, this.story);
      this.looks += 1;
      this.seen.push(...events.map(({ position }) => position));
      if (this.place.end !== undefined && this.place.end > cursor) this.follower.moveTo(this.place.end);
      await this.follower.next(version, false);
    }
  }
}

const growths = fc.array(fc.array(fc.constantFrom(...STORIES), { minLength: 1, maxLength: 4 }), { maxLength: 20 });

describe('those who follow the end of the log', () => {
  it('see each event that they want once and in order, whenever they come and however it grows', async () => {
    const joins = fc.array(fc.tuple(fc.nat(20), fc.constantFrom(undefined, ...STORIES)), {
      minLength: 1,
      maxLength: 6,
    });
    const turns = fc.array(fc.boolean(), { minLength: 21, maxLength: 21 });
    await fc.assert(
      fc.asyncProperty(growths, joins, turns, fc.nat(3), async (batches, joining, waits, beginAt) => {
        const place = new Place();
        const readers: { story: string | undefined; reader: Reader }[] = [];
        for (let n = 0; n <= Math.max(batches.length, 20); n += 1) {
          if (n === beginAt) place.begin();
          for (const [at, story] of joining) if (at === n) readers.push({ story, reader: new Reader(place, story) });
          const batch = batches[n];
          if (batch && place.end !== undefined) place.grow(batch);
          if (waits[n]) await turn();
        }
        await turn();
        for (const { story, reader } of readers) {
          expect(reader.seen).toEqual(place.eventsBehind(0n, story).map(({ position }) => position));
          expect(reader.follower.position).toBe(place.end);
        }
        expect(place.followers.lowest(1_000n)).toBe(
          readers.some(({ story }) => story === undefined) ? place.end : 1_000n,
        );
        for (const { reader } of readers) reader.leave();
        expect(place.followers.size).toBe(0);
      }),
      { numRuns: 200 },
    );
  });

  it('are left asleep by events of other stories', async () => {
    const place = new Place();
    place.begin();
    const [mine, other] = [new Reader(place, 'a'), new Reader(place, 'b')];
    await turn();
    for (let n = 0; n < 100; n += 1) {
      place.grow(['b', 'c']);
      await turn();
    }
    expect(mine.looks).toBe(1);
    expect(mine.follower.position).toBe(place.end);
    expect(other.seen).toHaveLength(100);
    mine.leave();
    other.leave();
  });
});
