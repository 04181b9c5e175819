import { getEventListeners } from 'node:events';
import { jest } from '@jest/globals';
import type { RecordedEvent } from '@runledger/event-store';
import { SILENT } from '@runledger/messaging';
import { silentTelemetry } from '@runledger/platform';
import type { CallInterest, Interest } from './call-interest.js';
import { CallObserver } from './call-observer.js';
import { CallSlots } from './call-slots.js';
import { WaitingCalls, type Turn } from './waiting-calls.js';

/** Time, with what happens in it. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 250) {
    jest.advanceTimersByTime(250);
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
  }
}

beforeEach(() => jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] }));
afterEach(() => jest.useRealTimers());

const readyOf = (runId: string, input = {}) =>
  ({ tenant: 'ws', data: { runId, step: 'open', attempt: 1, function: { name: 'ticket', input } } }) as RecordedEvent;

/** One slot, which is taken; `now`: what the store says, `remembered`: what this process knows. */
function waiting(now: (runId: string) => Promise<Interest>, remembered: (runId: string) => Interest | undefined) {
  const telemetry = silentTelemetry();
  const observer = new CallObserver({ telemetry, log: SILENT, store: {} as never, functions: {} });
  const slots = new CallSlots(1);
  slots.take('other');
  const interest = {
    now: (_tenant: string, { runId }: { runId: string }) => now(runId),
    remembered: (_tenant: string, { runId }: { runId: string }) => remembered(runId),
  } as Pick<CallInterest, keyof CallInterest> as CallInterest;
  const calls = new WaitingCalls({ slots, interest, observer });
  const turns = new Map<string, Turn>();
  const wait = (runId: string, signal?: AbortSignal, input = {}) =>
    void calls.turn(readyOf(runId, input), signal).then(turn => turns.set(runId, turn));
  const gauge = async () => /^runledger_function_calls_waiting (\d+)$/m.exec(await telemetry.metrics.text())?.[1];
  return { slots, calls, turns, wait, gauge };
}

const awaited = () => Promise.resolve<Interest>('awaited');

it('comes when a slot is free, and counts as waiting until then', async () => {
  const { slots, turns, wait, gauge } = waiting(awaited, () => 'awaited');
  expect(await gauge()).toBe('0');
  wait('first');
  wait('second');
  expect(await gauge()).toBe('2');
  slots.free('other');
  await pass(250);
  expect([...turns]).toEqual([['first', 'come']]);
  expect(await gauge()).toBe('1');
});

it('leaves at once when its partition is given up, or was before it came', async () => {
  const { slots, turns, wait, gauge } = waiting(awaited, () => 'awaited');
  const closing = new AbortController();
  wait('first', closing.signal);
  wait('second');
  closing.abort();
  wait('third', closing.signal);
  await new Promise(setImmediate);
  expect([...turns]).toEqual([
    ['first', 'stopped'],
    ['third', 'stopped'],
  ]);
  expect(await gauge()).toBe('1');
  slots.free('other');
  await new Promise(setImmediate);
  expect(turns.get('second')).toBe('come');
});

it('listens once to what tells many to leave, and not at all when none waits', async () => {
  const { slots, turns, wait } = waiting(awaited, () => 'awaited');
  const [closing, others] = [new AbortController(), new AbortController()];
  for (let run = 0; run < 20; run += 1) wait(`run ${run}`, closing.signal);
  wait('another', others.signal);
  expect(getEventListeners(closing.signal, 'abort')).toHaveLength(1);
  closing.abort();
  await new Promise(setImmediate);
  expect(turns.size).toBe(20);
  expect(getEventListeners(closing.signal, 'abort')).toEqual([]);
  slots.free('other');
  await new Promise(setImmediate);
  expect(turns.get('another')).toBe('come');
  expect(getEventListeners(others.signal, 'abort')).toEqual([]);
});

it.each(['gone', 'unwanted', 'killed'] as const)('hears within a second that its run says: %s', async said => {
  const { slots, turns, wait } = waiting(
    runId => Promise.resolve(runId === 'first' ? said : 'awaited'),
    () => undefined,
  );
  wait('first');
  wait('second');
  await pass(1_000);
  expect([...turns]).toEqual([['first', said]]);
  slots.free('other'); // which nobody has who does not need it
  await new Promise(setImmediate);
  expect(turns.get('second')).toBe('come');
});

it('is looked at each second among a few hundred; of thousands those first of which this process knows something', async () => {
  const looks: string[] = [];
  const { turns, wait } = waiting(
    runId => {
      looks.push(runId);
      return Promise.resolve(runId === 'run 999' ? 'killed' : 'awaited');
    },
    runId => (runId === 'run 999' ? 'killed' : undefined),
  );
  for (let run = 0; run < 1_000; run += 1) wait(`run ${run}`);
  await pass(1_000);
  expect([...turns]).toEqual([['run 999', 'killed']]);
  expect(looks.length).toBe(257);
  await pass(3_000);
  expect(new Set(looks).size).toBe(1_000); // in turn
});

it('leaves others their turn while thousands are looked at, of which the last is heard in the same second', async () => {
  let glances = 0;
  const interestOf = (runId: string) => (runId === 'run 4999' ? 'killed' : 'awaited');
  const { turns, wait } = waiting(
    runId => Promise.resolve(interestOf(runId)),
    runId => {
      glances += 1;
      return interestOf(runId);
    },
  );
  for (let run = 0; run < 5_000; run += 1) wait(`run ${run}`);
  jest.advanceTimersByTime(1_000);
  let most = glances;
  for (let turn = 0; turn < 100; turn += 1) {
    const before = glances;
    await new Promise(setImmediate);
    most = Math.max(most, glances - before);
  }
  expect([...turns]).toEqual([['run 4999', 'killed']]);
  expect(glances).toBe(5_000);
  expect(most).toBeLessThanOrEqual(1_000);
});

it('is looked at again after a store that was away, and not before a slow one has answered', async () => {
  const answers: { resolve: (interest: Interest) => void; reject: (error: Error) => void }[] = [];
  const { turns, wait } = waiting(
    () => new Promise((resolve, reject) => answers.push({ resolve, reject })),
    () => undefined,
  );
  wait('first');
  await pass(5_000);
  expect(answers).toHaveLength(1);
  answers[0]?.reject(new Error('The store is away.'));
  await pass(1_250);
  expect(answers).toHaveLength(2);
  answers[1]?.resolve('gone');
  await pass(250);
  expect([...turns]).toEqual([['first', 'gone']]);
});

it('leaves nothing behind: no look at one that waits no more, and none at all when nobody does', async () => {
  let looks = 0;
  const { slots, wait } = waiting(
    () => {
      looks += 1;
      return awaited();
    },
    () => undefined,
  );
  wait('first');
  slots.free('other');
  await pass(3_000);
  expect(looks).toBe(0);
  expect(jest.getTimerCount()).toBe(0);
});

it('takes no more than memory has room for: what functions are to be called with waits in it', () => {
  const { slots, calls, wait } = waiting(awaited, () => 'awaited');
  const text = 'x'.repeat(150_000);
  let taken = 0;
  for (; calls.hasRoom && taken < 1_000; taken += 1) wait(`run ${taken}`, undefined, { text });
  expect(taken).toBeGreaterThan(400);
  expect(taken).toBeLessThan(500);
  slots.free('other');
  expect(calls.hasRoom).toBe(true);
});
