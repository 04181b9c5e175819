import { START } from '../port.js';
import type { EventStore, RecordedEvent, StreamRef } from '../port.js';
import type { ContractWorld } from './contract-world.js';
import { anEvent, events, freshStream, idsOf } from './contract-world.js';

export function describeReading(world: ContractWorld): void {
  describe('reading a stream', () => {
    const stream = freshStream();
    const ten = events(10);
    const read = async (options: Parameters<EventStore['readStream']>[1]) =>
      (await world.store.readStream(stream, options)).events.map(({ revision }) => revision);

    beforeAll(() => world.store.append(stream, ten, 'no-stream'));

    it('gives its events in order', async () => {
      const slice = await world.store.readStream(stream);
      expect(slice).toMatchObject({ state: 'active', lastRevision: 9 });
      expect(idsOf(slice.events)).toEqual(idsOf(ten));
    });

    it.each([
      ['nothing with limit 0', { limit: 0 }, []],
      ['the first with limit 1', { limit: 1 }, [0]],
      ['everything with a limit beyond its end', { limit: 99 }, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
      ['from a revision, inclusive', { from: 7 }, [7, 8, 9]],
      ['nothing beyond its end', { from: 10 }, []],
      ['backwards from its end', { direction: 'backwards', limit: 3 }, [9, 8, 7]],
      ['backwards from a revision, inclusive', { direction: 'backwards', from: 2 }, [2, 1, 0]],
      ['backwards from beyond its end', { direction: 'backwards', from: 99, limit: 1 }, [9]],
    ] as const)('gives %s', async (_, options, revisions) => {
      expect(await read(options)).toEqual(revisions);
      expect((await world.store.readStream(stream, options)).lastRevision).toBe(9);
    });

    it('says when there is none', async () => {
      expect(await world.store.readStream(freshStream())).toEqual({ state: 'absent', events: [], lastRevision: -1 });
    });

    it('keeps streams of one name in two workspaces apart', async () => {
      const other: StreamRef = { ...stream, tenant: freshStream().tenant };
      expect((await world.store.readStream(other)).state).toBe('absent');
    });
  });
  describeReadingTheLog(world);
}

function describeReadingTheLog(world: ContractWorld): void {
  describe('reading the log', () => {
    const run = freshStream('run');
    const plan = { ...freshStream('plan'), tenant: run.tenant };
    const elsewhere = freshStream('run');
    const story = run.name.replace('-', '_');
    const written = {
      run: [...events(3, { type: 'StepReady', correlationId: story }), anEvent({ type: 'StepCompleted' })],
      plan: events(2, { type: 'StepReady', correlationId: story }),
      elsewhere: events(2, { type: 'StepReady' }),
    };
    let all: readonly RecordedEvent[] = [];
    /** Where the log stood: a read from the first event may end before it has come to what was written here. */
    let before = START;

    beforeAll(async () => {
      before = await world.store.head();
      await world.store.append(run, written.run, 'no-stream');
      await world.store.append(plan, written.plan, 'no-stream');
      await world.store.append(elsewhere, written.elsewhere, 'no-stream');
      all = await readToEnd(world.store);
    });

    it('gives every event once, in growing positions and growing revisions per stream', () => {
      const positions = all.map(({ position }) => position);
      expect(positions).toEqual([...new Set(positions)].sort((a, b) => (a < b ? -1 : 1)));
      const ours = all.filter(event => event.stream === run.name);
      expect(idsOf(ours)).toEqual(idsOf(written.run));
    });

    it.each([
      ['a workspace', { tenant: run.tenant }, [...written.run, ...written.plan]],
      ['types', { tenant: run.tenant, types: ['StepCompleted', 'Unheard'] }, written.run.slice(3)],
      ['categories', { tenant: run.tenant, categories: ['plan', 'unheard'] }, written.plan],
      ['one story', { correlationId: story }, [...written.run.slice(0, 3), ...written.plan]],
      ['one story in some categories', { correlationId: story, categories: ['plan'] }, written.plan],
      ['no type at all', { tenant: run.tenant, types: [] }, []],
    ])('can be limited to %s', async (_, filter, expected) => {
      let slice = await world.store.readAll({ after: before, ...filter, limit: 100 });
      const seen = [...slice.events];
      while (!slice.caughtUp) {
        slice = await world.store.readAll({ after: slice.scannedTo, ...filter, limit: 100 });
        seen.push(...slice.events);
      }
      expect(idsOf(seen)).toEqual(idsOf(expected));
      expect(all.map(({ position }) => position)).toContain(slice.scannedTo);
    });

    it('can be read to the end of all that is committed, which is the place of an event', async () => {
      const appended = await world.another.append(freshStream(), events(2), 'no-stream');
      const end = await world.store.settled();
      expect(appended).toMatchObject({ position: end });
      let scannedTo = before;
      while (scannedTo < end) ({ scannedTo } = await world.store.readAll({ after: scannedTo, types: ['Unheard'] }));
      expect(scannedTo).toBe(end);
    });

    it('goes on behind the position that was scanned', async () => {
      const filter = { tenant: run.tenant, types: ['StepReady'] };
      const first = await world.store.readAll({ after: before, ...filter, limit: 2 });
      const second = await world.store.readAll({ after: first.scannedTo, ...filter, limit: 2 });
      const third = await world.store.readAll({ after: second.scannedTo, ...filter, limit: 2 });
      const ids = [first, second, third].flatMap(({ events: some }) => idsOf(some));
      expect(ids).toEqual(idsOf([...written.run.slice(0, 3), ...written.plan]));
      expect([first.caughtUp, third.caughtUp]).toEqual([false, true]);
    });

    it('reads nothing with limit 0, and stays where it is at the end', async () => {
      const head = await world.store.head();
      expect(await world.store.readAll({ after: START, limit: 0 })).toMatchObject({ events: [], scannedTo: START });
      const slice = await world.store.readAll({ after: head });
      expect(slice).toEqual({ events: [], scannedTo: head, caughtUp: true });
    });

    it('still shows events of streams that were deleted', async () => {
      const gone = freshStream();
      const two = events(2);
      await world.store.append(gone, two, 'no-stream');
      await world.store.tombstoneStream(gone, 'any');
      const slice = await world.store.readAll({ after: before, tenant: gone.tenant });
      expect(idsOf(slice.events)).toEqual(idsOf(two));
    });

    it('is the same for another process', async () => {
      const here = await readToEnd(world.store);
      const there = await readToEnd(world.another);
      expect(idsOf(there)).toEqual(idsOf(here));
    });
  });
}

async function readToEnd(store: EventStore): Promise<RecordedEvent[]> {
  const seen: RecordedEvent[] = [];
  for (let after = START, caughtUp = false; !caughtUp;) {
    const slice = await store.readAll({ after, limit: 300 });
    seen.push(...slice.events);
    after = slice.scannedTo;
    caughtUp = slice.caughtUp;
  }
  return seen;
}
