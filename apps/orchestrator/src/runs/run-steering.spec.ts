import {
  GateAnswered,
  StepCancelled,
  RunCancelled,
  RunCancelRequested,
  RunCompleted,
  RunDiscarded,
  RunFailed,
  RunPaused,
  RunReopened,
  RunResumed,
  StepBlocked,
  StepFailed,
  StepForceAdvanced,
  StepInstructionsEdited,
  StepInterrupted,
  StepReady,
  StepRetryScheduled,
  StepSkipped,
} from '@runledger/contracts';
import { specify } from '@runledger/testing';
import type { RunCommand } from './run-commands.js';
import { run } from './run.decider.js';
import { ORCHESTRATOR } from './orchestrator-actor.js';
import { evolveRun } from './run-evolve.js';
import * as the from './run.fixture.js';
import { ada, at, runId, step } from './run.fixture.js';

const given = specify(run);
const chain = [step('plan'), step('build', ['plan'])];
const pair = [step('left'), step('right')];
const asked = { by: ada, at };
const verb = (type: 'PauseRun' | 'ResumeRun' | 'DiscardRun'): RunCommand => ({ type, data: asked });
const retryRun = (from: 'FAILED_STEP' | 'BEGINNING' = 'FAILED_STEP'): RunCommand => ({
  type: 'RetryRun',
  data: { ...asked, from },
});
const onStep = (type: 'RetryStep' | 'SkipStep' | 'ForceAdvance', key: string): RunCommand => ({
  type,
  data: { ...asked, step: key },
});
/** A further attempt that someone asked for. */
const readyAgain = (key: string, attempt = 2) => StepReady({ ...the.ready(key).data, attempt, askedBy: ada });
const paused = RunPaused({ runId, cause: 'OPERATOR', by: ada, pausedAt: at });
const resumed = (...retried: string[]) => RunResumed({ runId, retried, by: ada, resumedAt: at });
const reopened = (more: Partial<ReturnType<typeof RunReopened>['data']>) =>
  RunReopened({ runId, verb: 'RETRY', from: 'FAILED', scope: 'REMAINING', by: ada, reopenedAt: at, ...more });
const runFailed = (key: string) => RunFailed({ runId, step: key, error: the.crash, failedAt: at });
const runCompleted = RunCompleted({ runId, completedAt: at });
const runCancelled = RunCancelled({ runId, by: ada, cancelledAt: at });
const discarded = RunDiscarded({ runId, by: ada, discardedAt: at });
const leftOut = (key: string, reason = 'Skipped.') =>
  StepSkipped({ runId, step: key, cause: 'person', reason, by: ada, skippedAt: at });
const noCredential = { code: 'auth', message: 'The provider refused the credential (401).' };
const blocked = (key: string) =>
  StepBlocked({
    runId,
    step: key,
    attempt: 1,
    cause: {
      kind: 'CREDENTIAL',
      message: noCredential.message,
      fix: 'Put the credential or the account behind it right, then resume the run.',
    },
    blockedAt: at,
  });
const failedChain = [
  the.started(chain),
  the.ready('plan'),
  the.failed('plan'),
  the.cancelled('build'),
  runFailed('plan'),
];
const interrupted = StepInterrupted({ runId, step: 'plan', attempt: 1, reason: 'It died.', interruptedAt: at });

describe('pausing a run', () => {
  const running = [the.started(chain), the.ready('plan')];

  it('lets no further step start until someone resumes it', () => {
    given(...running)
      .when(verb('PauseRun'))
      .thenEmits(paused);
    given(...running, paused)
      .when(the.ended('plan'))
      .thenEmits(the.completed('plan'));
    given(...running, paused, the.completed('plan'))
      .when(verb('ResumeRun'))
      .thenEmits(resumed(), the.ready('build', { STEP_PLAN_SUMMARY: '' }));
  });

  it('changes nothing when it is paused already, and is refused where nothing executes', () => {
    given(...running, paused)
      .when(verb('PauseRun'))
      .thenNothing();
    given(...failedChain)
      .when(verb('PauseRun'))
      .thenRejects('NOT_POSSIBLE');
    given().when(verb('PauseRun')).thenRejects('RUN_NOT_FOUND');
  });

  it('says what is possible instead', () => {
    const state = failedChain.reduce(evolveRun, run.initialState());
    expect(run.decide(verb('PauseRun'), state)).toMatchObject({
      message: 'The run is failed: it cannot be paused now.',
      fix: 'Possible now: retry, skip the failed step, re-run from a step, discard.',
    });
  });
});

describe('a step that needs something from outside', () => {
  const refused = the.ended('left', { outcome: 'BLOCKED', error: noCredential });

  it('is blocked with its cause and what helps, and its siblings go on', () => {
    given(the.started(pair), the.ready('left'), the.ready('right')).when(refused).thenEmits(blocked('left'));
    given(the.started(pair), the.ready('left'), the.ready('right'), blocked('left'))
      .when(the.ended('right'))
      .thenEmits(the.completed('right'));
  });

  it('gets a new attempt with the rights of whoever resumes the run', () => {
    given(the.started(pair), the.ready('left'), the.ready('right'), blocked('left'))
      .when(verb('ResumeRun'))
      .thenEmits(resumed('left'), readyAgain('left'));
  });
});

describe('a flow that has patience', () => {
  const retry = { max: 1, backoffMs: 1_000, factor: 2, maxBackoffMs: 60_000 };
  const patient = [step('plan', [], { onFailure: { then: 'FAIL', retry } })];
  const scheduled = StepRetryScheduled({
    runId,
    step: 'plan',
    attempt: 2,
    dueAt: '2026-03-01T10:00:01.000Z',
    reason: 'Attempt 1 failed; retry 1 of 1.',
    error: the.crash,
    scheduledAt: at,
  });
  const due: RunCommand = { type: 'StartRetry', data: { step: 'plan', attempt: 2, at } };
  const second = StepReady({ ...the.ready('plan').data, attempt: 2 });

  it('tries a failed step again after a while, so often and no oftener', () => {
    given(the.started(patient), the.ready('plan'))
      .when(the.ended('plan', { outcome: 'ERROR', error: the.crash }))
      .thenEmits(scheduled);
    given(the.started(patient), the.ready('plan'), scheduled).when(due).thenEmits(second);
    const failedTwice = the.ended('plan', { attempt: 2, outcome: 'ERROR', error: the.crash });
    expect(
      run.decide(
        failedTwice,
        [the.started(patient), the.ready('plan'), scheduled, second].reduce(evolveRun, run.initialState()),
      ),
    ).toMatchObject([{ type: 'StepFailed', data: { attempt: 2 } }, { type: 'RunFailed' }]);
  });

  it('waits with the retry while the run is paused', () => {
    given(the.started(patient), the.ready('plan'), scheduled, paused).when(due).thenNothing();
    given(the.started(patient), the.ready('plan'), scheduled, paused).when(verb('ResumeRun')).thenEmits(resumed());
    given(the.started(patient), the.ready('plan'), scheduled, paused)
      .when({ type: 'ResumeRun', data: { by: ada, at: '2026-03-01T10:00:05.000Z' } })
      .thenEmits(
        RunResumed({ runId, retried: [], by: ada, resumedAt: '2026-03-01T10:00:05.000Z' }),
        StepReady({ ...second.data, readyAt: '2026-03-01T10:00:05.000Z' }),
      );
  });
});

describe('a failure that its flow has dealt with', () => {
  const flow = [step('test', [], { routes: [{ on: ['ERROR'], to: ['repair'] }] }), step('repair', ['test']), ...pair];
  const dealtWith = StepFailed({ ...the.failed('test').data, then: 'ROUTE' });
  const begun = [the.started(flow), the.ready('test'), the.ready('left'), the.ready('right'), dealtWith];
  const history = [...begun, the.ready('repair', { STEP_TEST_SUMMARY: '' })];

  it('is not tried again when someone has the run go on', () => {
    given(...history, paused)
      .when(verb('ResumeRun'))
      .thenEmits(resumed());
  });

  it('is not what the run has failed of', () => {
    const ended = [the.completed('repair'), the.failed('left'), the.failed('right'), runFailed('left')];
    given(...history, ...ended, reopened({ scope: 'STEP', step: 'left' }), readyAgain('left'))
      .when(the.ended('left', { attempt: 2 }))
      .thenEmits(the.completedAt('left', 2), runFailed('right'));
  });
});

describe('retrying', () => {
  it('goes on in place with what is not done, keeping what is', () => {
    given(...failedChain)
      .when(retryRun())
      .thenEmits(reopened({}), readyAgain('plan'));
  });

  it('begins again from the beginning when that is wanted', () => {
    const history = [the.started(chain), the.ready('plan'), the.completed('plan'), the.ready('build')];
    given(...history, the.failed('build'), runFailed('build'))
      .when(retryRun('BEGINNING'))
      .thenEmits(reopened({ scope: 'BEGINNING' }), readyAgain('plan'));
  });

  it('of one step leaves its failed sibling alone', () => {
    const history = [the.started(pair), the.ready('left'), the.ready('right'), the.failed('left'), the.failed('right')];
    given(...history, runFailed('left'))
      .when(onStep('RetryStep', 'left'))
      .thenEmits(reopened({ scope: 'STEP', step: 'left' }), readyAgain('left'));
    given(...history, runFailed('left'), reopened({ scope: 'STEP', step: 'left' }), readyAgain('left'))
      .when(the.ended('left', { attempt: 2 }))
      .thenEmits(the.completedAt('left', 2), runFailed('right'));
  });

  it('of one step starts those that need it as well, whatever has become of a sibling', () => {
    const flow = [...pair, step('after', ['left'])];
    const history = [the.started(flow), the.ready('left'), the.ready('right'), the.failed('right'), the.failed('left')];
    const ended = [...history, the.cancelled('after'), runFailed('right')];
    const again = [reopened({ scope: 'STEP', step: 'left' }), readyAgain('left')];
    const after = StepReady({ ...the.ready('after', { STEP_LEFT_SUMMARY: '' }).data, askedBy: ada });
    given(...ended)
      .when(onStep('RetryStep', 'left'))
      .thenEmits(...again);
    given(...ended, ...again)
      .when(the.ended('left', { attempt: 2 }))
      .thenEmits(the.completedAt('left', 2), after);
  });

  it('with other instructions writes down how they differ, and gives them to this attempt only', () => {
    const agent = { provider: 'anthropic', model: 'sonnet', prompt: 'Plan.', instructions: 'Be brief.' } as const;
    const { command: _command, ...rest } = step('plan');
    const flow = [{ ...rest, agent }];
    const { command: _none, ...readyData } = the.ready('plan').data;
    given(the.started(flow), StepReady({ ...readyData, agent }), the.failed('plan'), runFailed('plan'))
      .when({ type: 'RetryStep', data: { ...asked, step: 'plan', instructions: 'Be thorough.' } })
      .thenEmits(
        reopened({ scope: 'STEP', step: 'plan' }),
        StepInstructionsEdited({
          runId,
          step: 'plan',
          attempt: 2,
          instructions: 'Be thorough.',
          diff: '--- a/instructions\n+++ b/instructions\n@@ -1 +1 @@\n-Be brief.\n+Be thorough.',
          by: ada,
          editedAt: at,
        }),
        StepReady({ ...readyData, attempt: 2, agent: { ...agent, instructions: 'Be thorough.' }, askedBy: ada }),
      );
    given(...failedChain)
      .when({ type: 'RetryStep', data: { ...asked, step: 'plan', instructions: 'Try harder.' } })
      .thenRejects('NOT_POSSIBLE');
  });

  it('is for what failed or lost its worker', () => {
    given(the.started(chain), the.ready('plan')).when(retryRun()).thenRejects('NOT_POSSIBLE');
    given(the.started(chain), the.ready('plan')).when(onStep('RetryStep', 'plan')).thenRejects('NOT_POSSIBLE');
    given(the.started(chain), the.ready('plan')).when(onStep('RetryStep', 'ship')).thenRejects('STEP_NOT_FOUND');
    given(the.started(chain), the.ready('plan'), interrupted).when(retryRun()).thenEmits(readyAgain('plan'));
  });
});

describe('skipping and forcing', () => {
  const gated = [step('ship', [], { gates: { before: the.gateTerms('May ship?') } })];
  const atGate = [the.started(gated), the.gate('ship', 'May ship?')];
  const answered = (decision: 'SKIP' | 'APPROVE', how: 'SKIP' | 'FORCE_ADVANCE') =>
    GateAnswered({ runId, step: 'ship', gateId: the.gateIdOf('ship'), verb: how, decision, by: ada, answeredAt: at });

  it('leaves a failed step out and completes the run with the last one', () => {
    given(the.started([step('plan')]), the.ready('plan'), the.failed('plan'), runFailed('plan'))
      .when(onStep('SkipStep', 'plan'))
      .thenEmits(reopened({ verb: 'SKIP', scope: 'STEP', step: 'plan' }), leftOut('plan'), runCompleted);
  });

  it('at a gate is a decision like any other: the run goes on when it is recorded (D1)', () => {
    given(...atGate)
      .when(onStep('SkipStep', 'ship'))
      .thenEmits(answered('SKIP', 'SKIP'));
    given(...atGate, answered('SKIP', 'SKIP'))
      .when(onStep('SkipStep', 'ship'))
      .thenNothing();
  });

  it('by force helps at a gate whose policy does not count who skipped', () => {
    const place = { runId, step: 'ship', gateId: the.gateIdOf('ship') };
    given(...atGate, answered('SKIP', 'SKIP'))
      .when(onStep('ForceAdvance', 'ship'))
      .thenEmits(
        StepForceAdvanced({ ...place, from: 'WAITING', by: ada, advancedAt: at }),
        answered('APPROVE', 'FORCE_ADVANCE'),
      );
    given(...atGate, answered('APPROVE', 'FORCE_ADVANCE'))
      .when(onStep('SkipStep', 'ship'))
      .thenNothing();
  });

  it('by force is the approval of whoever asks, at a gate', () => {
    const place = { runId, step: 'ship', gateId: the.gateIdOf('ship') };
    given(...atGate)
      .when(onStep('ForceAdvance', 'ship'))
      .thenEmits(
        StepForceAdvanced({ ...place, from: 'WAITING', by: ada, advancedAt: at }),
        answered('APPROVE', 'FORCE_ADVANCE'),
      );
  });

  it('by force moves past a step that hangs', () => {
    given(the.started([step('plan')]), the.ready('plan'))
      .when(onStep('ForceAdvance', 'plan'))
      .thenEmits(
        StepForceAdvanced({ runId, step: 'plan', from: 'EXECUTING', by: ada, advancedAt: at }),
        leftOut('plan', 'Advanced by force.'),
        runCompleted,
      );
  });

  it('is refused for a step that is done, or has not begun', () => {
    given(the.started(chain), the.ready('plan')).when(onStep('SkipStep', 'build')).thenRejects('NOT_POSSIBLE');
    given(the.started(chain), the.ready('plan'), the.completed('plan'))
      .when(onStep('ForceAdvance', 'plan'))
      .thenRejects('NOT_POSSIBLE');
  });
});

describe('a cancelled run', () => {
  const cancelled = [
    the.started(chain),
    the.ready('plan'),
    the.cancelled('plan'),
    the.cancelled('build'),
    runCancelled,
  ];

  it('continues with the first step that is not done', () => {
    given(...cancelled)
      .when(verb('ResumeRun'))
      .thenEmits(reopened({ verb: 'RESUME', from: 'CANCELLED' }), readyAgain('plan'));
  });

  it('is put away for good: nothing resumes it', () => {
    given(...cancelled)
      .when(verb('DiscardRun'))
      .thenEmits(discarded);
    given(...cancelled, discarded)
      .when(verb('ResumeRun'))
      .thenRejects('NOT_POSSIBLE');
    given(the.started(chain), the.ready('plan')).when(verb('DiscardRun')).thenRejects('NOT_POSSIBLE');
  });

  it('does not wait for a sandbox that never confirms: it kills, and then goes without', () => {
    const late = '2026-03-01T10:05:00.000Z';
    const enforce = (when: string): RunCommand => ({ type: 'EnforceCancel', data: { at: when } });
    const asked = (mode: 'GRACEFUL' | 'FORCE', stopBy: string) => [
      ...[the.started([step('plan')]), the.ready('plan')],
      RunCancelRequested({ runId, mode, by: ada, stopBy, requestedAt: at }),
    ];
    const forced = { mode: 'FORCE', by: ORCHESTRATOR, stopBy: '2026-03-01T10:05:30.000Z' } as const;
    given(...asked('GRACEFUL', late))
      .when(enforce(late))
      .thenEmits(RunCancelRequested({ runId, ...forced, requestedAt: late }));
    given(...asked('FORCE', late))
      .when(enforce(late))
      .thenEmits(
        StepCancelled({ runId, step: 'plan', cancelledAt: late }),
        RunCancelled({ runId, by: ada, unconfirmed: ['plan'], cancelledAt: late }),
      );
    given(...asked('FORCE', late))
      .when(enforce('2026-03-01T10:04:59.999Z'))
      .thenNothing();
  });
});

describe('a run whose next call does not fit into a budget', () => {
  const reason = 'The next call may cost more than is left.';
  const hold = (attempt = 1): RunCommand => ({ type: 'HoldForBudget', data: { step: 'left', attempt, reason, at } });
  const held = RunPaused({ runId, cause: 'BUDGET', step: 'left', by: ORCHESTRATOR, reason, pausedAt: at });
  const executing = [the.started(pair), the.ready('left'), the.ready('right')];

  it('is paused, and goes on with the attempt that it has', () => {
    given(...executing)
      .when(hold())
      .thenEmits(held);
    given(...executing, held)
      .when(hold())
      .thenNothing();
    given(...executing, held)
      .when(verb('ResumeRun'))
      .thenEmits(resumed());
  });

  it('is left alone when the attempt is over, or someone holds it already', () => {
    given(...executing)
      .when(hold(2))
      .thenNothing();
    given(...executing, paused)
      .when(hold())
      .thenNothing();
  });

  it('ends without the step when it is going to end anyway', () => {
    given(...executing, the.failed('right'))
      .when(hold())
      .thenEmits(StepCancelled({ runId, step: 'left', cancelledAt: at }), runFailed('right'));
  });
});
