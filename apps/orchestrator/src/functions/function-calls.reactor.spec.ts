import { jest } from '@jest/globals';
import { StepReady, type StepFunctions } from '@runledger/contracts';
import type { CommandHandler, EventStore, RecordedEvent } from '@runledger/event-store';
import { RetryableError } from '@runledger/kernel';
import { SILENT, type Reactor } from '@runledger/messaging';
import { silentTelemetry, systemClock } from '@runledger/platform';
import { Orchestrator, type OrchestratorParts } from '../orchestrator.js';
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

it('is made as often at a time as the operator says', () => {
  const orchestrator = new Orchestrator({ store: {} } as OrchestratorParts, { callsAtATime: 7 });
  const reactor = orchestrator.reactors().find(({ name }) => name === 'orchestrator.functions');
  expect(reactor?.sideBySide).toBe(7);
  expect(readFunctionsConfig({ ORCHESTRATOR_CALLS: '7' })).toEqual({ module: undefined, callsAtATime: 7 });
  expect(() => readFunctionsConfig({ ORCHESTRATOR_CALLS: '0' })).toThrow('ORCHESTRATOR_CALLS');
});
