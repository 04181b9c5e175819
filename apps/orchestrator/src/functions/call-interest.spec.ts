import { RunCancelRequested, StepReady, type RunEvent } from '@runledger/contracts';
import type { CommandHandler } from '@runledger/event-store';
import { evolveRun } from '../runs/run-evolve.js';
import type { Run } from '../runs/run-state.js';
import { run } from '../runs/run.decider.js';
import * as the from '../runs/run.fixture.js';
import { ada, at, runId, step } from '../runs/run.fixture.js';
import { CallInterest } from './call-interest.js';

const work = { name: 'ticket', input: {} };
const { data: ready } = StepReady({
  ...{ runId, step: 'open', attempt: 1, profile: 'plain', function: work },
  ...{ timeoutMs: 1_000, artifacts: [], readyAt: at },
});
const begun = [
  the.started([step('open', [], { function: work }), step('other')]),
  StepReady(ready),
  the.ready('other'),
];
const cancelling = (mode: 'GRACEFUL' | 'FORCE') => RunCancelRequested({ runId, mode, by: ada, requestedAt: at });
const stateAfter = (events: readonly RunEvent[]) =>
  events.reduce<Run>((now, each) => evolveRun(now, each), run.initialState());

it.each([
  ['awaited', 'goes on', begun],
  ['awaited', 'fails for another step, until this one has ended', [...begun, the.failed('other')]],
  ['unwanted', 'is being cancelled', [...begun, cancelling('GRACEFUL')]],
  ['killed', 'is cancelled by force', [...begun, cancelling('FORCE')]],
  ['gone', 'knows nothing of the step', []],
  ['gone', 'has the end of it', [...begun, the.completed('open')]],
] as const)('a call is %s when its run %s', async (interest, _, events) => {
  const state = stateAfter(events);
  const commands = {
    remembered: () => state,
    load: () => Promise.resolve({ state, revision: events.length }),
  } as unknown as CommandHandler;
  const interests = new CallInterest(commands);
  expect(interests.remembered('ws', ready)).toBe(interest);
  expect(await interests.now('ws', ready)).toBe(interest);
  expect(await interests.now('ws', { ...ready, attempt: 2 })).toBe('gone');
});

it('is not known of a call whose run this process does not remember', () => {
  const commands = { remembered: () => undefined } as unknown as CommandHandler;
  expect(new CallInterest(commands).remembered('ws', ready)).toBeUndefined();
});
