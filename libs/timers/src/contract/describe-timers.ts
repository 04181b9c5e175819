import { newUuid } from '@runledger/event-store';
import { eventually } from '@runledger/testing';
import { firingId } from '../firing.js';
import { defineTimer } from '../port.js';
import type { Firing, TimerHost } from '../port.js';

/** Timers without a handler yet, whose time the suite lets pass. */
export interface TimersUnderTest {
  readonly timers: TimerHost;
  /** At least so much time passes for the timers. */
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * What every adapter of the timers keeps. Call it in a spec of the adapter with a factory that opens empty timers which try a
 * failing handler three times, with pauses of some milliseconds.
 */
export function describeTimers(name: string, open: () => Promise<TimersUnderTest>): void {
  describe(`${name} as timers`, () => {
    let world: TimersUnderTest;
    let fired: Firing[];
    let failures: number;

    beforeEach(async () => {
      [fired, failures] = [[], 0];
      world = await open();
    });
    afterEach(() => world.close());

    const note = defineTimer('note', firing => {
      fired.push(firing);
      return Promise.resolve();
    });
    const failing = defineTimer('failing', firing => {
      fired.push(firing);
      failures -= 1;
      return failures >= 0 ? Promise.reject(new TypeError('not today')) : Promise.resolve();
    });
    const start = () => world.timers.start([note, failing]);
    const set = (name: string, afterMs: number, payload: unknown = {}) =>
      world.timers.set({ name, kind: 'note', tenant: 'w1', payload, afterMs });
    const setAt = (name: string, dueAt: string, kind = 'note') =>
      world.timers.set({ name, kind, tenant: 'w1', payload: {}, dueAt });
    const until = (check: () => unknown) => eventually(() => world.pass(20).then(check));
    const names = () => fired.map(({ name }) => name);

    it('fire once when they are due, with what was given to them', async () => {
      await start();
      await set('a', 30, { step: 'build', tries: [1, 2] });
      await until(() => expect(fired).toHaveLength(1));
      expect(fired[0]).toMatchObject({
        name: 'a',
        kind: 'note',
        tenant: 'w1',
        payload: { step: 'build', tries: [1, 2] },
      });
      expect(fired[0]?.attempt).toBe(1);
      const [{ firedAt, dueAt }] = fired as [Firing];
      expect(Date.parse(firedAt)).toBeGreaterThanOrEqual(Date.parse(dueAt));
      await world.pass(60);
      expect(names()).toEqual(['a']);
    });

    it('derive the id of a firing from the name and the due time', async () => {
      await start();
      await setAt('a', '2020-02-03T04:05:06Z');
      await until(() => expect(fired).toHaveLength(1));
      expect(fired[0]).toMatchObject({
        dueAt: '2020-02-03T04:05:06.000Z',
        id: firingId('a', '2020-02-03T04:05:06.000Z'),
      });
    });

    it('fire at once what fell due while nobody was there, the oldest first', async () => {
      await setAt('younger', '2020-01-02T00:00:00.000Z');
      await setAt('older', '2020-01-01T00:00:00.000Z');
      await start();
      await until(() => expect(names()).toEqual(['older', 'younger']));
    });

    it('wait for the later time when they are set anew', async () => {
      await set('moved', 3_600_000);
      await start();
      await set('moved', 20, 'sooner');
      await until(() => expect(fired).toHaveLength(1));
      expect(fired[0]).toMatchObject({ name: 'moved', payload: 'sooner' });
    });

    it('do not fire when they are cancelled', async () => {
      await set('cancelled', 20);
      await world.timers.cancel('cancelled');
      await world.timers.cancel('never-was');
      await start();
      await set('after', 30);
      await until(() => expect(names()).toEqual(['after']));
    });

    it('may be set by a handler, also under the name of the one that fires', async () => {
      let left = 2;
      const again = defineTimer('again', async firing => {
        fired.push(firing);
        if ((left -= 1) > 0) await world.timers.set({ ...timerOf(firing), afterMs: 10 });
      });
      await world.timers.start([again]);
      await world.timers.set({ name: 'chain', kind: 'again', tenant: 'w1', payload: {}, afterMs: 0 });
      await until(() => expect(names()).toEqual(['chain', 'chain']));
      expect(new Set(fired.map(({ id }) => id)).size).toBe(2);
    });

    it('fire again, under the same id, when the handler failed', async () => {
      failures = 2;
      await start();
      await setAt('a', '2020-01-01T00:00:00.000Z', 'failing');
      await until(() => expect(fired).toHaveLength(3));
      expect(new Set(fired.map(({ id }) => id)).size).toBe(1);
      expect(fired.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
      await eventually(async () => expect(await world.timers.standing()).toEqual({ due: 0, lagMs: 0, parked: 0 }));
    });

    it('are parked, where they can be seen, when the handler failed for good; others go on', async () => {
      failures = 100;
      await start();
      await setAt('hopeless', '2020-01-01T00:00:00.000Z', 'failing');
      await set('fine', 30);
      await until(async () => expect((await world.timers.standing()).parked).toBe(1));
      await until(() => expect(names()).toContain('fine'));
      expect(names().filter(name => name === 'hopeless')).toHaveLength(3);
    });

    it('change nothing when the same one is set again', async () => {
      failures = 100;
      await start();
      await setAt('hopeless', '2020-01-01T00:00:00.000Z', 'failing');
      await until(async () => expect((await world.timers.standing()).parked).toBe(1));
      await setAt('hopeless', '2020-01-01T00:00:00.000Z', 'failing');
      expect((await world.timers.standing()).parked).toBe(1);
    });

    it('are what they were set to last, also after they were parked', async () => {
      failures = 3;
      await start();
      await setAt('a', '2020-01-01T00:00:00.000Z', 'failing');
      await until(async () => expect((await world.timers.standing()).parked).toBe(1));
      const dueAt = '2020-01-02T00:00:00.000Z';
      await world.timers.set({ name: 'a', kind: 'note', tenant: 'w2', payload: { n: 2 }, dueAt });
      await until(() => expect(fired).toHaveLength(4));
      expect(fired[3]).toMatchObject({ name: 'a', kind: 'note', tenant: 'w2', payload: { n: 2 }, dueAt, attempt: 1 });
      await until(async () => expect(await world.timers.standing()).toEqual({ due: 0, lagMs: 0, parked: 0 }));
    });

    it('wait for somebody who knows their kind', async () => {
      await world.timers.set({ name: 'a', kind: 'unheard-of', tenant: 'w1', payload: {}, afterMs: 0 });
      await start();
      await set('b', 10);
      await until(() => expect(names()).toEqual(['b']));
      expect((await world.timers.standing()).due).toBe(1);
    });

    it('refuse what cannot be a timer', async () => {
      const bad = { code: 'INVALID_TIMER' };
      await expect(Promise.resolve().then(() => set('', 1))).rejects.toMatchObject(bad);
      await expect(Promise.resolve().then(() => setAt('a', 'soon'))).rejects.toMatchObject(bad);
      await expect(Promise.resolve().then(() => set('a', Number.NaN))).rejects.toMatchObject(bad);
      await expect(Promise.resolve().then(() => set('a', 1, 1n))).rejects.toMatchObject(bad);
    });

    it('do not fire any more when their host has stopped', async () => {
      await start();
      await world.timers.stop();
      await set(newUuid(), 0);
      await world.pass(60);
      expect(fired).toEqual([]);
    });
  });
}

function timerOf({ name, kind, tenant, payload }: Firing) {
  return { name, kind, tenant, payload };
}
