import type { RunEvent } from '@runledger/contracts';
import { isRejection } from '@runledger/kernel';
import fc from 'fast-check';
import type { RunCommand } from './run-commands.js';
import { anyFlow, anyMove, commandFor } from './run-moves.fixture.js';
import { assert, RunModel } from './run-model.fixture.js';
import type { KnownRun, Run } from './run-state.js';
import { verdict } from './run-verdicts.fixture.js';
import { standingOf } from './run-verbs.js';
import { run } from './run.decider.js';
import { evolveRun } from './run-evolve.js';
import { propertySettings } from './property.config.js';
import * as the from './run.fixture.js';

const settings = propertySettings();
/** A case takes about 3 ms. */
const TIME_MS = 20_000 + settings.numRuns * 10;

describe('any run of any flow, whatever people do with it', () => {
  it(
    `does what a plain model of it does (${settings.numRuns} cases)`,
    () => {
      fc.assert(
        fc.property(anyFlow, fc.array(anyMove, { minLength: 1, maxLength: 40 }), queues, (flow, moves, isQueued) => {
          const model = new RunModel(flow, isQueued);
          const log: RunEvent[] = [];
          let state = act(start(flow, isQueued), run.initialState(), model, log);
          checkRest(model, state);
          moves.forEach((move, index) => {
            const command = commandFor(model, move, new Date(Date.parse(the.at) + index * 10_000).toISOString());
            state = attempt(command, state, model, log);
          });
          expect(log.reduce(evolveRun, run.initialState())).toEqual(state);
        }),
        settings,
      );
    },
    TIME_MS,
  );
});

const queues = fc.nat({ max: 3 }).map(roll => roll === 0);
const concurrency = { key: 'deploy', policy: 'QUEUE' } as const;
const start = (flow: Parameters<typeof the.start>[0], isQueued: boolean) =>
  the.start(flow, { parameters: { on: true, off: false }, ...(isQueued && { concurrency }) });

/** Does it, or is told why not, exactly as the model says. */
function attempt(command: RunCommand, state: Run, model: RunModel, log: RunEvent[]): Run {
  const expected = verdict(command, model);
  const decision = run.decide(command, state);
  const answer = isRejection(decision) ? 'refused' : decision.length === 0 ? 'nothing' : 'done';
  assert(
    answer === expected,
    `${command.type} is ${answer}, but should be ${expected} for a run that is ${model.standing}`,
  );
  if (isRejection(decision)) {
    assert(decision.message.length > 0, 'a refusal says why');
    return state;
  }
  const next = follow(decision, state, model, log);
  checkRest(model, next);
  return next;
}

function act(command: RunCommand, state: Run, model: RunModel, log: RunEvent[]): Run {
  const decision = run.decide(command, state);
  if (isRejection(decision)) throw new Error(`${command.type} was refused: ${decision.message}`);
  return follow(decision, state, model, log);
}

/** Every single event leads from one sound run to another. */
function follow(events: readonly RunEvent[], from: Run, model: RunModel, log: RunEvent[]): Run {
  let state = from;
  for (const event of events) {
    model.fold(event);
    state = evolveRun(state, event);
    log.push(event);
    checkState(model, known(state));
  }
  return state;
}

/** The decider counts what the model can see. */
function checkState(model: RunModel, state: KnownRun): void {
  const { plan, counts } = state;
  assert(standingOf(state) === model.standing, `the run is ${standingOf(state)}, but should be ${model.standing}`);
  plan.steps.forEach(({ key }, index) => {
    const step = state.steps.at(index);
    const expected = model.step(key);
    const gone = state.status === 'ended' && expected.status === 'cancelled';
    assert(gone || step?.status === expected.status, `${key} is ${step?.status}, but should be ${expected.status}`);
    assert(step?.attempt === expected.attempt, `${key} has attempt ${step?.attempt} instead of ${expected.attempt}`);
  });
  if (state.status === 'ended') return;
  assert(counts.executing === model.all('executing').length, 'executing steps are counted');
  assert(state.silent === model.silent.length, 'silent steps are counted');
  assert(counts.failed === model.failures.length, 'failures are counted');
  assert(
    state.startable === model.startable.length,
    `${state.startable} steps may start, not ${model.startable.length}`,
  );
}

/** Between decisions nothing is left lying: what could go on goes on, and whoever has not ended waits for something (R4). */
function checkRest(model: RunModel, state: Run): void {
  if (known(state).status === 'ended') return;
  const active = ['executing', 'waiting', 'blocked', 'retrying'].some(status => model.all(status).length > 0);
  assert(active || model.paused !== undefined, 'R4: a run that has not ended waits for something');
  if (model.closing) {
    assert(model.all('executing').length > 0, 'a run that closes waits for what executes alone');
    return;
  }
  assert(!model.all('pending').some(step => model.isExcluded(step)), 'a step waits although no way leads to it');
  if (!model.paused) assert(model.startable.length === 0, 'a step could start and does not');
}

function known(state: Run): KnownRun {
  if (state.status === 'running' || state.status === 'ended') return state;
  throw new Error('There is no run.');
}
