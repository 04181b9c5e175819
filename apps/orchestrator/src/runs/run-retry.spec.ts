import { RunDiscarded, RunFailed, RunPaused, RunReopened, RunResumed, StepFailed } from '@runledger/contracts';
import { StepBlocked, StepInterrupted, StepReady } from '@runledger/contracts';
import type { RunEvent, StepDefinition } from '@runledger/contracts';
import { specify } from '@runledger/testing';
import { ORCHESTRATOR } from './orchestrator-actor.js';
import type { RunCommand } from './run-commands.js';
import { run } from './run.decider.js';
import * as the from './run.fixture.js';
import { ada, at, runId, step } from './run.fixture.js';

const given = specify(run);
const asked = { by: ada, at };
type Retry = Extract<RunCommand, { type: 'RetryRun' }>['data'];
const retryRun = (more: Partial<Retry> = {}): RunCommand => ({
  type: 'RetryRun',
  data: { ...asked, from: 'FAILED_STEP', ...more },
});
const onStep = (type: 'RetryStep' | 'SkipStep' | 'ForceAdvance', key: string): RunCommand => ({
  type,
  data: { ...asked, step: key },
});
const readyAgain = (key: string, attempt = 2) => StepReady({ ...the.ready(key).data, attempt, askedBy: ada });
const resumed = (...retried: string[]) => RunResumed({ runId, retried, by: ada, resumedAt: at });
const runFailed = (key: string) => RunFailed({ runId, step: key, error: the.crash, failedAt: at });
const pausedBy = (cause: 'OPERATOR' | 'STEP_FAILED', key?: string) =>
  RunPaused({ runId, cause, by: cause === 'OPERATOR' ? ada : ORCHESTRATOR, ...(key && { step: key }), pausedAt: at });
const lost = (key: string) => StepInterrupted({ runId, step: key, attempt: 1, reason: 'It died.', interruptedAt: at });
const silent = (key: string) =>
  StepBlocked({
    ...{ runId, step: key, attempt: 1, blockedAt: at },
    cause: { kind: 'SILENT', message: 'Nothing was heard of it.', fix: 'Retry it.' },
  });
const [left, right] = [step('left'), step('right')];
const pausing = (key: string): StepDefinition => step(key, [], { onFailure: { then: 'PAUSE' } });

describe('a run that paused because a step failed', () => {
  const paused: RunEvent[] = [
    ...[the.started([pausing('left'), right]), the.ready('left'), the.ready('right')],
    ...[StepFailed({ ...the.failed('left').data, then: 'PAUSE' }), pausedBy('STEP_FAILED', 'left')],
  ];

  it('goes on with a new attempt of that step, whether the run is retried or the step', () => {
    for (const command of [retryRun(), onStep('RetryStep', 'left')]) {
      given(...paused)
        .when(command)
        .thenEmits(resumed('left'), readyAgain('left'));
    }
  });

  it('cannot be retried with something else than it was started with: it has not ended', () => {
    for (const more of [{ from: 'BEGINNING' }, { parameters: { ref: 'main' } }] as const) {
      given(...paused)
        .when(retryRun(more))
        .thenRejects('NOT_POSSIBLE');
    }
  });

  it('goes on without the step when that is skipped, and no attempt of it is asked for', () => {
    const skipped = { runId, step: 'left', cause: 'person', reason: 'Skipped.', by: ada, skippedAt: at } as const;
    given(...paused)
      .when(onStep('SkipStep', 'left'))
      .thenEmits(resumed(), { type: 'StepSkipped', data: skipped });
  });

  it('stays paused while another step is dealt with', () => {
    given(...paused, lost('right'))
      .when(onStep('RetryStep', 'right'))
      .thenRejects('NOT_POSSIBLE');
  });
});

describe('a run that somebody paused', () => {
  const history = [the.started([left, right]), the.ready('left'), the.ready('right'), lost('left')];

  it('is not retried, and neither are its steps: a new attempt would be stopped at once', () => {
    given(...history, pausedBy('OPERATOR'))
      .when(retryRun())
      .thenRejects('NOT_POSSIBLE');
    given(...history, pausedBy('OPERATOR'))
      .when(onStep('RetryStep', 'left'))
      .thenRejects('NOT_POSSIBLE');
  });
});

describe('retrying a run that has failed', () => {
  const history = [the.started([left]), the.ready('left'), the.failed('left'), runFailed('left')];
  const reopened = (more: Partial<ReturnType<typeof RunReopened>['data']>) =>
    RunReopened({ runId, verb: 'RETRY', from: 'FAILED', scope: 'REMAINING', by: ada, reopenedAt: at, ...more });

  it('may be with other parameters, which are written down', () => {
    given(...history)
      .when(retryRun({ parameters: { ref: 'main' } }))
      .thenEmits(
        reopened({ parameters: { ref: 'main' } }),
        StepReady({ ...the.ready('left', { PARAM_REF: 'main' }).data, attempt: 2, askedBy: ada }),
      );
  });

  it('is not from the beginning while anything of it still executes, but from what failed', () => {
    const closing = [the.started([left, right]), the.ready('left'), the.ready('right'), the.failed('left')];
    given(...closing)
      .when(retryRun({ from: 'BEGINNING' }))
      .thenRejects('NOT_POSSIBLE');
    given(...closing)
      .when(retryRun())
      .thenEmits(reopened({}), readyAgain('left'));
  });

  it('is over when it was put away', () => {
    const discarded = RunDiscarded({ runId, by: ada, discardedAt: at });
    given(...history, discarded)
      .when(retryRun())
      .thenRejects('NOT_POSSIBLE');
    given(...history, discarded)
      .when(onStep('RetryStep', 'left'))
      .thenRejects('NOT_POSSIBLE');
  });

  it('needs a run', () => {
    given().when(retryRun()).thenRejects('RUN_NOT_FOUND');
    given().when(onStep('RetryStep', 'left')).thenRejects('RUN_NOT_FOUND');
  });
});

describe('a step of which nothing is heard', () => {
  const history = [the.started([left, right]), the.ready('left'), the.ready('right'), silent('left')];

  it('gets a new attempt when someone asks for one', () => {
    given(...history)
      .when(onStep('RetryStep', 'left'))
      .thenEmits(readyAgain('left'));
  });

  it('is not retried after its failure was dealt with', () => {
    const routed = step('left', [], { routes: [{ on: ['ERROR'], to: ['right'] }] });
    const handled = StepFailed({ ...the.failed('left').data, then: 'ROUTE' });
    given(the.started([routed, step('right', ['left'])]), the.ready('left'), handled, the.ready('right'))
      .when(onStep('RetryStep', 'left'))
      .thenRejects('NOT_POSSIBLE');
  });
});
