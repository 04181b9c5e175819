import type { EventStore, ExpectedRevision, StreamRef } from '../port.js';
import type { ContractWorld } from './contract-world.js';
import { anEvent, events, freshStream, idsOf } from './contract-world.js';

type StreamState = 'absent' | 'present' | 'soft-deleted' | 'tombstoned';

const FORMS: readonly ExpectedRevision[] = ['no-stream', 0, 1, 'exists', 'any'];
const conflict = (revision: number) => ({ status: 'conflict', revision });
const appended = (revision: number) => ({ status: 'appended', revision });
const deleted = { status: 'deleted' };
/** Of a stream that has no event any more. */
const ended = { status: 'appended', revision: -1, position: 0n };

/** For each state (two events were written, unless absent) what each of FORMS leads to. */
const OUTCOMES: Record<StreamState, readonly object[]> = {
  absent: [appended(0), conflict(-1), conflict(-1), conflict(-1), appended(0)],
  present: [conflict(1), conflict(1), appended(2), appended(2), appended(2)],
  'soft-deleted': [appended(2), conflict(-1), appended(2), conflict(-1), appended(2)],
  tombstoned: [deleted, deleted, deleted, deleted, deleted],
};

/** E1, first half: an append is atomic and checks the expected revision. */
export function describeAppending(world: ContractWorld): void {
  describe('appending', () => {
    describe.each(Object.keys(OUTCOMES) as StreamState[])('to a stream that is %s', state => {
      it.each(FORMS.map((form, index) => [form, OUTCOMES[state][index]] as const))(
        'expecting %s ends as %j',
        async (expected, outcome) => {
          const stream = await streamThatIs(world.store, state);
          expect(await world.store.append(stream, [anEvent()], expected)).toMatchObject(outcome ?? {});
        },
      );
    });

    it('stores all events of one append side by side, in their order', async () => {
      const stream = freshStream();
      const three = events(3);
      const outcome = await world.store.append(stream, three, 'no-stream');
      const slice = await world.store.readStream(stream);
      expect(outcome).toMatchObject({ status: 'appended', revision: 2 });
      expect(idsOf(slice.events)).toEqual(idsOf(three));
      expect(slice.events.map(event => event.revision)).toEqual([0, 1, 2]);
    });

    it('stores nothing of an append that conflicts', async () => {
      const stream = await streamThatIs(world.store, 'present');
      await world.store.append(stream, events(2), 0);
      expect((await world.store.readStream(stream)).lastRevision).toBe(1);
    });

    it('without events only compares', async () => {
      const stream = await streamThatIs(world.store, 'present');
      expect(await world.store.append(stream, [], 1)).toEqual({ status: 'appended', revision: 1, position: 0n });
      expect(await world.store.append(stream, [], 0)).toEqual(conflict(1));
      expect(await world.store.append(freshStream(), [], 'any')).toMatchObject({ revision: -1 });
      expect(await world.store.append(freshStream(), [], 'exists')).toEqual(conflict(-1));
    });

    it('lets exactly one of two creators create the stream', async () => {
      const stream = freshStream();
      const outcomes = await Promise.all([
        world.store.append(stream, [anEvent()], 'no-stream'),
        world.another.append(stream, [anEvent()], 'no-stream'),
      ]);
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['appended', 'conflict']);
    });

    it('lets exactly one of many writers have each revision', async () => {
      const stream = await streamThatIs(world.store, 'present');
      const writers = [world.store, world.another];
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, n) => (writers[n % 2] ?? world.store).append(stream, [anEvent()], 1)),
      );
      expect(outcomes.filter(({ status }) => status === 'appended')).toHaveLength(1);
      expect((await world.store.readStream(stream)).lastRevision).toBe(2);
    });

    it('takes every append of fifty writers who expect nothing', async () => {
      const stream = freshStream();
      const writers = [world.store, world.another];
      const outcomes = await Promise.all(
        Array.from({ length: 50 }, (_, n) => (writers[n % 2] ?? world.store).append(stream, [anEvent()], 'any')),
      );
      const revisions = outcomes.map(outcome => (outcome.status === 'appended' ? outcome.revision : NaN));
      expect(revisions.sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, n) => n));
    });
  });
  describeEnding(world);
}

function describeEnding(world: ContractWorld): void {
  describe('deleting', () => {
    it('hides a stream from stream reads until it is written again, and continues its revisions', async () => {
      const stream = await streamThatIs(world.store, 'soft-deleted');
      expect(await world.store.readStream(stream)).toEqual({ state: 'absent', events: [], lastRevision: -1 });
      const [again] = events(1);
      await world.store.append(stream, again ? [again] : [], 'no-stream');
      const slice = await world.store.readStream(stream);
      expect(slice).toMatchObject({ state: 'active', lastRevision: 2 });
      expect(idsOf(slice.events)).toEqual([again?.id]);
    });

    it('ends a tombstoned stream for ever', async () => {
      const stream = await streamThatIs(world.store, 'tombstoned');
      expect(await world.store.readStream(stream)).toMatchObject({ state: 'tombstoned', events: [] });
    });

    it('checks the expected revision, and may be repeated', async () => {
      const stream = await streamThatIs(world.store, 'present');
      expect(await world.store.deleteStream(stream, 0)).toEqual(conflict(1));
      expect(await world.store.tombstoneStream(stream, 'no-stream')).toEqual(conflict(1));
      expect(await world.store.deleteStream(stream, 1)).toEqual(ended);
      expect(await world.store.deleteStream(stream, 1)).toEqual(ended);
      expect(await world.store.tombstoneStream(stream, 'any')).toEqual(ended);
      expect(await world.store.tombstoneStream(stream, 'any')).toEqual(ended);
      expect(await world.store.tombstoneStream(stream, 1)).toEqual(ended);
      expect(await world.store.deleteStream(stream, 'any')).toEqual(deleted);
    });

    it.each(['absent', 'present', 'soft-deleted'] as const)(
      'answers that a stream that was %s has no event',
      async state => {
        for (const end of ['deleteStream', 'tombstoneStream'] as const) {
          expect(await world.store[end](await streamThatIs(world.store, state), 'any')).toEqual(ended);
        }
      },
    );
  });
}

async function streamThatIs(store: EventStore, state: StreamState): Promise<StreamRef> {
  const stream = freshStream();
  if (state === 'absent') return stream;
  await store.append(stream, events(2), 'no-stream');
  if (state === 'soft-deleted') await store.deleteStream(stream, 'any');
  if (state === 'tombstoned') await store.tombstoneStream(stream, 'any');
  return stream;
}
