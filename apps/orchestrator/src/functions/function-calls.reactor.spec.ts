import { jest } from '@jest/globals';
import { StepReady, type StepFunctions } from '@runledger/contracts';
import type { CommandHandler, EventStore, RecordedEvent } from '@runledger/event-store';
import { RetryableError } from '@runledger/kernel';
import { SILENT, type Reactor } from '@runledger/messaging';
import { silentTelemetry, systemClock } from '@runledger/platform';
import { evolveRun } from '../runs/run-evolve.js';
import type { Run } from '../runs/run-state.js';
import { run } from '../runs/run.decider.js';
import * as the from '../runs/run.fixture.js';
import { at, runId, step } from '../runs/run.fixture.js';
import { CallObserver } from './call-observer.js';
import { functionCalls } from './function-calls.reactor.js';
import { readFunctionsConfig } from './functions.config.js';

const work = { name: 'ticket', input: {} };
const ready = StepReady({
  ...{
    runId,
    step: 'open',
    attempt: 1,
    profile: 'plain',
    function: work,
    timeoutMs: 1_000,
    artifacts: [],
    readyAt: at,
  },
});
const history = [the.started([step('open', [], { function: work })]), ready];
const state = history.reduce<Run>((now, each) => evolveRun(now, each), run.initialState());
const event = { id: 'e1', type: ready.type, data: ready.data, tenant: 'ws', metadata: {} } as RecordedEvent;

function reactorOf(commands: CommandHandler, functions: StepFunctions): Reactor {
  return functionCalls({
    commands,
    store: { head: () => Promise.resolve(2n) },
    clock: systemClock,
    functions,
    atATime: 2,
    ending: new AbortController().signal,
    observer: new CallObserver({ telemetry: silentTelemetry(), log: SILENT, store: {} as EventStore, functions }),
  });
}

class StoreAwayError extends RetryableError {}

it('does not call again what was done while the store was away', async () => {
  const stored: unknown[] = [];
  let [calls, failures] = [0, 2];
  const commands = {
    load: () => Promise.resolve({ state, revision: 1 }),
    handle: (_decider: unknown, _stream: string, command: unknown) => {
      failures -= 1;
      if (failures >= 0) return Promise.reject(new StoreAwayError('The store is away.', 'STORE_AWAY'));
      stored.push(command);
      return Promise.resolve();
    },
  } as unknown as CommandHandler;
  const functions = { ticket: () => ({ summary: `Call ${(calls += 1)}.` }) };
  const reactor = reactorOf(commands, functions);
  await expect(reactor.react(event)).rejects.toThrow(StoreAwayError);
  await expect(reactor.react({ ...event })).rejects.toThrow(StoreAwayError); // as it is delivered again
  await reactor.react({ ...event });
  expect(calls).toBe(1);
  expect(stored).toEqual([
    {
      type: 'RecordAttemptEnded',
      data: expect.objectContaining({ outcome: 'SUCCESS', summary: 'Call 1.' }) as unknown,
    },
  ]);
});

it('calls when the store is slow, and not only once it no longer is', async () => {
  let [calls, looks, now] = [0, 0, performance.now()];
  jest.spyOn(performance, 'now').mockImplementation(() => now);
  const commands = {
    load: () => {
      now += 2_000;
      looks += 1;
      return looks > 100 ? Promise.reject(new Error('It looks for ever.')) : Promise.resolve({ state, revision: 1 });
    },
    handle: () => Promise.resolve(),
  } as unknown as CommandHandler;
  await reactorOf(commands, { ticket: () => void (calls += 1) }).react(event);
  jest.restoreAllMocks();
  expect([calls, looks]).toEqual([1, 3]);
});

it('is made as often at a time as the operator says, whichever partitions the steps are of', async () => {
  const done: (() => void)[] = [];
  const ticket = () => new Promise<undefined>(resolve => done.push(() => resolve(undefined)));
  const commands = {
    remembered: () => state,
    load: () => Promise.resolve({ state, revision: 1 }),
    handle: () => Promise.resolve(),
  } as unknown as CommandHandler;
  const reactor = reactorOf(commands, { ticket });
  const made = ['e1', 'e2', 'e3'].map((id, partition) => {
    const lease = { consumer: reactor.name, version: 1, owner: 'spec', epoch: 1, position: 0n, partition };
    return reactor.react({ ...event, id }, lease);
  });
  await new Promise(setImmediate);
  expect(done).toHaveLength(2);
  done[0]?.();
  await made[0];
  await new Promise(setImmediate);
  expect(done).toHaveLength(3);
  for (const end of done) end();
  await Promise.all(made);
});

it('begins nothing more while the end of a call cannot be stored, so that few results wait', async () => {
  let [calls, isAway] = [0, true];
  const commands = {
    remembered: () => state,
    load: () => (isAway ? Promise.reject(new StoreAwayError('STORE_AWAY', 'The store is away.')) : awaited()),
    handle: () => (isAway ? Promise.reject(new StoreAwayError('STORE_AWAY', 'The store is away.')) : awaited()),
  } as unknown as CommandHandler;
  const awaited = () => Promise.resolve({ state, revision: 1 });
  const ours = { consumer: 'c', version: 1, owner: 'spec', epoch: 1, position: 0n, partition: 3 };
  const reactor = reactorOf(commands, { ticket: () => void (calls += 1) });
  const ending = (id: string) => reactor.react({ ...event, id, position: 9n }, ours);
  isAway = false;
  await ending('e0'); // this process knows from now on that it has the partition
  isAway = true;
  await expect(ending('e1')).rejects.toThrow(StoreAwayError);
  for (const id of ['e2', 'e3', 'e2']) await expect(ending(id)).rejects.toThrow(StoreAwayError);
  expect(calls).toBe(2);
  isAway = false;
  for (const id of ['e1', 'e2', 'e3']) await ending(id);
  expect(calls).toBe(4);
});

describe('a step that waits for its slot', () => {
  const lease = { consumer: 'c', version: 1, owner: 'spec', epoch: 1, position: 0n, partition: 3 };

  /** Two calls go on; a third one waits. */
  async function waits() {
    const [done, states]: [(() => void)[], Run[]] = [[], [state]];
    const commands = {
      remembered: () => states[0],
      load: () => Promise.resolve({ state: states[0], revision: 1 }),
      handle: (_decider: unknown, _stream: string, command: unknown) => Promise.resolve(void stored.push(command)),
    } as unknown as CommandHandler;
    const stored: unknown[] = [];
    const ticket = () => new Promise<undefined>(resolve => done.push(() => resolve(undefined)));
    const reactor = reactorOf(commands, { ticket });
    const closing = new AbortController();
    const tenure = { signal: closing.signal, valid: true, whenValid: () => Promise.resolve() };
    const [first, second, third] = ['e1', 'e2', 'e3'].map(id => reactor.react({ ...event, id }, lease, tenure));
    await new Promise(setImmediate);
    expect(done).toHaveLength(2);
    return { done, states, stored, closing, tenure, first, second, third };
  }

  it('is left at once at a stop, without a call; those that go on are waited for', async () => {
    const { done, closing, first, third } = await waits();
    closing.abort();
    await expect(third).rejects.toMatchObject({ code: 'CALL_STOPPED' });
    done[0]?.();
    await first;
    expect(done).toHaveLength(2);
  });

  it('gets none when its run does not wait for it any more, after it has waited long', async () => {
    const { done, states, first, second, third } = await waits();
    jest.spyOn(performance, 'now').mockReturnValue(performance.now() + 10_000);
    states[0] = run.initialState();
    for (const end of done) end();
    await Promise.all([first, second, third]);
    jest.restoreAllMocks();
    expect(done).toHaveLength(2);
  });

  it('begins only when it is certain again that this process has the partition', async () => {
    const { done, tenure, closing, first, third } = await waits();
    let proceed = () => undefined as void;
    Object.assign(tenure, { valid: false, whenValid: () => new Promise<void>(resolve => (proceed = resolve)) });
    done[0]?.();
    await first;
    await new Promise(setImmediate);
    expect(done).toHaveLength(2);
    closing.abort(); // another has it
    proceed();
    await expect(third).rejects.toMatchObject({ code: 'CALL_STOPPED' });
    expect(done).toHaveLength(2);
  });
});

it('knows how many calls the operator wants at a time', () => {
  expect(readFunctionsConfig({ ORCHESTRATOR_CALLS: '7' })).toEqual({ module: undefined, callsAtATime: 7 });
  expect(() => readFunctionsConfig({ ORCHESTRATOR_CALLS: '0' })).toThrow('ORCHESTRATOR_CALLS');
});
