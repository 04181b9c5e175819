import { START } from '../port.js';
import type { RecordedEvent } from '../port.js';
import type { ContractWorld } from './contract-world.js';
import { anEvent, events, follow, freshStream, idsOf } from './contract-world.js';

/** Subscriptions: catch up, then follow; E2 for readers that never stop. */
export function describeFollowing(world: ContractWorld): void {
  const append = (stream: ReturnType<typeof freshStream>, list = events(3)) =>
    world.store.append(stream, list, 'any').then(() => list);

  describe('a subscription', () => {
    it('gives what was there, then what comes, in order', async () => {
      const stream = freshStream();
      const [early, late] = [await append(stream), events(3)];
      const { events: seen } = await follow(world.store, { after: START, tenant: stream.tenant }, (all, batches) => {
        if (batches.at(-1)?.reachedHead) void append(stream, late);
        return all.length === 6;
      });
      expect(idsOf(seen)).toEqual(idsOf([...early, ...late]));
    });

    it('hears of what another process appends', async () => {
      const stream = freshStream();
      const [late] = events(1);
      const { events: seen } = await follow(world.store, { after: START, tenant: stream.tenant }, (all, batches) => {
        if (batches.at(-1)?.reachedHead) void world.another.append(stream, late ? [late] : [], 'any');
        return all.length === 1;
      });
      expect(idsOf(seen)).toEqual([late?.id]);
    });

    it('starts behind the position it was given', async () => {
      const stream = freshStream();
      await append(stream);
      let first = await world.store.readAll({ after: START, tenant: stream.tenant, limit: 1 });
      // A read may end before it has come to the first match.
      while (first.events.length === 0) {
        first = await world.store.readAll({ after: first.scannedTo, tenant: stream.tenant, limit: 1 });
      }
      const { events: seen } = await follow(
        world.store,
        { after: first.scannedTo, tenant: stream.tenant },
        all => all.length >= 2,
      );
      expect(seen.map(({ revision }) => revision)).toEqual([1, 2]);
    });

    it('starts at the end when told to', async () => {
      const stream = freshStream();
      await append(stream);
      const late = events(2);
      const after = await world.store.head();
      const { events: seen } = await follow(world.store, { after, tenant: stream.tenant }, (all, batches) => {
        if (batches.length === 1) void append(stream, late);
        return all.length >= 2;
      });
      expect(idsOf(seen)).toEqual(idsOf(late));
    });

    it('says once that it has reached the end, even when nothing matches', async () => {
      const stream = freshStream();
      const appendLater = async () => {
        for (const event of events(3)) await append(stream, [event]);
      };
      const { batches } = await follow(world.store, { after: START, tenant: stream.tenant }, (all, some) => {
        if (some.at(-1)?.reachedHead) void appendLater();
        return all.length === 3;
      });
      expect(batches.filter(({ reachedHead }) => reachedHead)).toHaveLength(1);
    });

    it('moves on when nothing matches', async () => {
      const stream = freshStream();
      const { batches } = await follow(world.store, { after: START, types: ['Unheard'] }, (_, some) => {
        if (some.length === 1) void append(stream);
        return some.length === 2;
      });
      const [before, after] = batches;
      expect(batches.every(batch => batch.events.length === 0)).toBe(true);
      expect((after?.scannedTo ?? START) > (before?.scannedTo ?? START)).toBe(true);
    });

    it('hears of nothing but its own story when it does not want to know how far the log was scanned', async () => {
      const [mine, other] = [freshStream(), freshStream()];
      const correlationId = mine.name;
      const after = await world.store.head();
      const appendLater = async () => {
        for (let n = 0; n < 12; n += 1) {
          await append(other, events(2));
          await new Promise(resolve => setTimeout(resolve, 100));
        }
        await append(mine, events(2, { correlationId }));
      };
      let writing: Promise<void> | undefined;
      const options = { after, correlationId, progress: false };
      const { events: seen, batches } = await follow(world.store, options, all => {
        writing ??= appendLater();
        return all.length >= 2;
      });
      await writing;
      expect(seen.map(({ stream }) => stream)).toEqual([mine.name, mine.name]);
      expect(batches.filter(batch => batch.events.length === 0).every(({ reachedHead }) => reachedHead)).toBe(true);
    });

    it('is given all that concerns it, and at the end of the log nothing else', async () => {
      const stream = freshStream();
      const noted = (note: string) => anEvent({ data: { note } });
      const early = await append(stream, [noted('mine'), noted('another’s'), noted('mine')]);
      let late: ReturnType<typeof noted>[] = [];
      const appendLate = () => {
        late = ['another’s', 'mine', 'unreadable', 'another’s', 'mine'].map(noted);
        void append(stream, late);
      };
      const concerns = ({ data }: RecordedEvent) => {
        const { note } = data as { note: string };
        if (note === 'unreadable') throw new TypeError('whoever follows is to fail, and not the store');
        return note === 'mine';
      };
      const options = { after: START, tenant: stream.tenant, concerns };
      const isLate = ({ id }: RecordedEvent) => late.some(event => event.id === id);
      const notes = (list: readonly RecordedEvent[]) => list.map(({ data }) => (data as { note: string }).note);
      let rounds = 0;
      const { events: seen } = await follow(world.store, options, (all, batches) => {
        const isBegin = rounds === 0 && batches.at(-1)?.reachedHead === true;
        const isRoundOver = rounds > 0 && all.at(-1)?.id === late.at(-1)?.id;
        // Who has come to the end by a page may be given another one, before the end is followed in memory.
        const isByPage = isRoundOver && notes(all.filter(isLate)).includes('another’s') && rounds < 10;
        if (isBegin || isByPage) {
          rounds += 1;
          appendLate();
        }
        return isRoundOver && !isByPage;
      });
      expect(notes(seen.filter(isLate))).toEqual(['mine', 'unreadable', 'mine']);
      expect(idsOf(seen)).toEqual(expect.arrayContaining([early[0]?.id, early[2]?.id]));
    });

    it('keeps to the size of batch that was asked for', async () => {
      const stream = freshStream();
      await append(stream, events(10));
      const options = { after: START, tenant: stream.tenant, batchSize: 4 };
      const { batches } = await follow(world.store, options, all => all.length === 10);
      expect(batches.flatMap(batch => batch.events.length).filter(length => length > 0)).toEqual([4, 4, 2]);
    });

    it('goes on where an earlier one stopped, without gap or repeat', async () => {
      const stream = freshStream();
      const ten = await append(stream, events(10));
      const options = { tenant: stream.tenant, batchSize: 3 };
      const first = await follow(world.store, { ...options, after: START }, all => all.length >= 3);
      const more = await append(stream, events(4));
      const after = first.batches.at(-1)?.scannedTo ?? START;
      const second = await follow(world.another, { ...options, after }, all => all.length === 11);
      expect(idsOf([...first.events, ...second.events])).toEqual(idsOf([...ten, ...more]));
    });

    it('gives all subscribers the same events in the same order while many write', async () => {
      const streams = Array.from({ length: 5 }, () => ({ ...freshStream(), tenant: 'ws_crowd' }));
      const crowd = Array.from({ length: 6 }, (_, n) =>
        follow(n % 2 ? world.store : world.another, { after: START, tenant: 'ws_crowd' }, all => all.length === 200),
      );
      await Promise.all(
        Array.from({ length: 200 }, (_, n) => world.store.append(streams[n % 5] ?? freshStream(), [anEvent()], 'any')),
      );
      const orders = (await Promise.all(crowd)).map(({ events: seen }) => idsOf(seen).join());
      expect(new Set(orders).size).toBe(1);
    });

    it('catches up without loss when its reader is slow', async () => {
      const stream = freshStream();
      const seen: string[] = [];
      const ending = new AbortController();
      const writing = (async () => {
        for (let n = 0; n < 20; n += 1) await append(stream, events(10));
      })();
      for await (const batch of world.store.subscribe({
        after: START,
        tenant: stream.tenant,
        batchSize: 20,
        signal: ending.signal,
      })) {
        seen.push(...idsOf(batch.events));
        await new Promise(resolve => setTimeout(resolve, 5));
        if (seen.length >= 200) ending.abort();
      }
      await writing;
      expect(seen).toEqual(idsOf((await world.store.readStream(stream)).events));
    });

    it('gives nothing any more once it was told to end', async () => {
      await append(freshStream());
      const ending = new AbortController();
      const batches = world.another.subscribe({ after: START, signal: ending.signal })[Symbol.asyncIterator]();
      const first = batches.next();
      ending.abort();
      expect(await first).toEqual({ done: true, value: undefined });
    });

    it('ends when it is told to, also while it waits', async () => {
      const ending = new AbortController();
      let batches = 0;
      for await (const _batch of world.store.subscribe({ after: START, types: ['Unheard'], signal: ending.signal })) {
        batches += 1;
        if (batches === 1) setTimeout(() => ending.abort(), 50);
      }
      expect(batches).toBeGreaterThan(0);
    });
  });
}
