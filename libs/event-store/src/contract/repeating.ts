import type { ContractWorld } from './contract-world.js';
import { anEvent, events, freshStream } from './contract-world.js';

/** E1, second half: an append is idempotent by event id, so a writer who got no answer sends it again. */
export function describeRepeating(world: ContractWorld): void {
  describe('repeating an append with the same ids and the same expected revision', () => {
    it('answers with the first result, also when others have written since', async () => {
      const stream = freshStream();
      const [first, second] = [events(2), events(2)];
      const created = await world.store.append(stream, first, 'no-stream');
      const grown = await world.store.append(stream, second, 1);
      await world.another.append(stream, [anEvent()], 3);
      expect(await world.store.append(stream, first, 'no-stream')).toEqual({ ...created, status: 'duplicate' });
      expect(await world.store.append(stream, second, 1)).toEqual({ ...grown, status: 'duplicate' });
      expect((await world.store.readStream(stream)).events).toHaveLength(5);
    });

    it('recognises the beginning of an append', async () => {
      const stream = freshStream();
      const three = events(3);
      await world.store.append(stream, three, 'no-stream');
      const outcome = await world.store.append(stream, three.slice(0, 2), 'no-stream');
      expect(outcome).toMatchObject({ status: 'duplicate', revision: 1 });
    });

    it('stores the events once when both copies arrive together', async () => {
      const stream = freshStream();
      const two = events(2);
      const copies = Array.from({ length: 10 }, (_, n) => (n % 2 ? world.store : world.another));
      const outcomes = await Promise.all(copies.map(store => store.append(stream, two, 'no-stream')));
      expect(new Set(outcomes.map(outcome => ('position' in outcome ? outcome.position : -1n))).size).toBe(1);
      expect(outcomes.filter(({ status }) => status === 'appended')).toHaveLength(1);
      expect((await world.store.readStream(stream)).events).toHaveLength(2);
    });

    it.each([
      ['with an event more', (three: ReturnType<typeof events>) => [...three, anEvent()]],
      ['in another order', (three: ReturnType<typeof events>) => three.toReversed()],
      ['with one event changed for another', (three: ReturnType<typeof events>) => [...three.slice(0, 2), anEvent()]],
    ])('but %s is another append, and conflicts', async (_, change) => {
      const stream = freshStream();
      const three = events(3);
      await world.store.append(stream, three, 'no-stream');
      expect(await world.store.append(stream, change(three), 'no-stream')).toEqual({ status: 'conflict', revision: 2 });
    });

    it('does not confuse two streams that hold the same id', async () => {
      const [one, other] = [freshStream(), freshStream()];
      const event = anEvent();
      expect(await world.store.append(one, [event], 'no-stream')).toMatchObject({ status: 'appended' });
      expect(await world.store.append(other, [event], 'no-stream')).toMatchObject({ status: 'appended', revision: 0 });
    });
  });
}

/** For adapters that recognise every repeat. */
export function describeExactRepeating(world: ContractWorld): void {
  describe('repeating an append, exactly', () => {
    it.each(['any', 'exists'] as const)('is recognised when the writer expects %s', async expected => {
      const stream = freshStream();
      await world.store.append(stream, [anEvent()], 'no-stream');
      const two = events(2);
      const outcome = await world.store.append(stream, two, expected);
      await world.store.append(stream, [anEvent()], 'any');
      expect(await world.store.append(stream, two, expected)).toEqual({ ...outcome, status: 'duplicate' });
    });

    it('is recognised when the writer has read the stream again in between', async () => {
      const stream = freshStream();
      const two = events(2);
      const outcome = await world.store.append(stream, two, 'no-stream');
      expect(await world.store.append(stream, two, 1)).toEqual({ ...outcome, status: 'duplicate' });
    });

    it('is recognised after the stream was deleted and written again', async () => {
      const stream = freshStream();
      await world.store.append(stream, events(2), 'no-stream');
      await world.store.deleteStream(stream, 'any');
      const again = events(2);
      const outcome = await world.store.append(stream, again, 'no-stream');
      expect(await world.store.append(stream, again, 'no-stream')).toEqual({ ...outcome, status: 'duplicate' });
    });

    it.each(['any', 'exists', 1] as const)(
      'is a fault when only some of the ids are known and the writer expects %s',
      async expected => {
        const stream = freshStream();
        const two = events(2);
        await world.store.append(stream, two, 'no-stream');
        const mixed = [...two.slice(1), anEvent()];
        await expect(world.store.append(stream, mixed, expected)).rejects.toMatchObject({ code: 'EVENT_ID_REUSED' });
        expect((await world.store.readStream(stream)).events).toHaveLength(2);
      },
    );
  });
}
