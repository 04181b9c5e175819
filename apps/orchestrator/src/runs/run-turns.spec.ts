import {
  RunCompleted,
  RunFailed,
  RunPaused,
  RunReopened,
  RunResumed,
  StepReady,
  StepSkipped,
} from '@runledger/contracts';
import { isRejection } from '@runledger/kernel';
import { specify } from '@runledger/testing';
import { evolveRun } from './run-evolve.js';
import { ORCHESTRATOR } from './orchestrator-actor.js';
import { run } from './run.decider.js';
import * as the from './run.fixture.js';
import { ada, at, runId, step } from './run.fixture.js';

const given = specify(run);
const concurrency = { key: 'deploy', policy: 'QUEUE' } as const;
const asked = { by: ada, at };
const waits = RunPaused({
  runId,
  cause: 'QUEUE',
  by: ORCHESTRATOR,
  reason: 'It waits for its turn among the runs of “deploy”.',
  pausedAt: at,
});
const turnCame = { type: 'ResumeRun', data: { by: ORCHESTRATOR, at } } as const;
const goesOn = RunResumed({ runId, retried: [], by: ORCHESTRATOR, resumedAt: at });
const runFailed = (key: string) => RunFailed({ runId, step: key, error: the.crash, failedAt: at });
const reopened = (more: Partial<ReturnType<typeof RunReopened>['data']>) =>
  RunReopened({ runId, verb: 'RETRY', from: 'FAILED', scope: 'STEP', by: ada, reopenedAt: at, ...more });
const failedRun = [the.started([step('ship')], { concurrency }), waits, goesOn, the.ready('ship'), the.failed('ship')];

describe('a run with a concurrency key that somebody resumes before its turn', () => {
  const behind = { type: 'ResumeRun', data: { ...asked, behind: 'run_first' } } as const;
  const paused = RunPaused({ runId, cause: 'OPERATOR', by: ada, pausedAt: at });
  const queued = [the.started([step('ship')], { concurrency }), waits];

  it('goes on waiting', () => {
    given(...queued)
      .when(behind)
      .thenRejects('NOT_POSSIBLE');
  });

  it('waits again, where someone had paused it meanwhile', () => {
    given(...queued, paused)
      .when(behind)
      .thenEmits(waits);
    given(...queued, paused, waits)
      .when(turnCame)
      .thenEmits(goesOn, the.ready('ship'));
  });

  it('goes on at once when nobody is before it', () => {
    given(...queued, paused)
      .when({ type: 'ResumeRun', data: asked })
      .thenEmits(RunResumed({ runId, retried: [], by: ada, resumedAt: at }), the.ready('ship'));
  });
});

describe('a run with a concurrency key that goes on after its end', () => {
  it('waits for its turn again, and begins with it what was asked for, with the rights of whoever asked', () => {
    const history = [...failedRun, runFailed('ship')];
    const retry = { type: 'RetryStep', data: { ...asked, step: 'ship' } } as const;
    const decided = [reopened({ step: 'ship' }), waits];
    given(...history)
      .when(retry)
      .thenEmits(...decided);
    given(...history, ...decided)
      .when(turnCame)
      .thenEmits(goesOn, StepReady({ ...the.ready('ship').data, attempt: 2, askedBy: ada }));
  });

  it('keeps the instructions that were edited for that attempt', () => {
    const agent = { provider: 'scripted', model: 'scripted-1', prompt: 'Ship.', instructions: 'Quickly.' } as const;
    const history = [
      the.started([step('ship', [], { agent })], { concurrency }),
      ...[waits, goesOn, the.ready('ship'), the.failed('ship'), runFailed('ship')],
    ];
    const state = history.reduce(evolveRun, run.initialState());
    const retry = { type: 'RetryStep', data: { ...asked, step: 'ship', instructions: 'With care.' } } as const;
    const edited = run.decide(retry, state);
    if (isRejection(edited)) throw new Error(edited.message);
    expect(edited.map(({ type }) => type)).toEqual(['RunReopened', 'RunPaused', 'StepInstructionsEdited']);
    const started = run.decide(turnCame, edited.reduce(evolveRun, state));
    expect(started).toMatchObject([{ type: 'RunResumed' }, { data: { agent: { instructions: 'With care.' } } }]);
  });

  it('leaves a failed sibling alone when its turn comes', () => {
    const pair = [step('left'), step('right')];
    const history = [
      the.started(pair, { concurrency }),
      ...[waits, goesOn, the.ready('left'), the.ready('right'), the.failed('left'), the.failed('right')],
      ...[runFailed('left'), reopened({ step: 'left' }), waits],
    ];
    given(...history)
      .when(turnCame)
      .thenEmits(goesOn, StepReady({ ...the.ready('left').data, attempt: 2, askedBy: ada }));
  });

  it('needs no turn to end: nothing is left to do', () => {
    const left = { runId, step: 'ship', cause: 'person', reason: 'Skipped.', by: ada, skippedAt: at } as const;
    given(...failedRun, runFailed('ship'))
      .when({ type: 'SkipStep', data: { ...asked, step: 'ship' } })
      .thenEmits(
        ...[reopened({ verb: 'SKIP', step: 'ship' }), waits, StepSkipped(left)],
        RunCompleted({ runId, completedAt: at }),
      );
  });

  it('keeps the turn that it has while it has not ended', () => {
    const siblings = [step('ship'), step('tell')];
    const history = [the.started(siblings, { concurrency }), waits, goesOn, the.ready('ship'), the.ready('tell')];
    given(...history, the.failed('ship'))
      .when({ type: 'RetryStep', data: { ...asked, step: 'ship' } })
      .thenEmits(reopened({ step: 'ship' }), StepReady({ ...the.ready('ship').data, attempt: 2, askedBy: ada }));
  });
});
