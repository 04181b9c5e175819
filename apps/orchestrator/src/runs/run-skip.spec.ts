import {
  GateAnswered,
  RunCancelled,
  RunCompleted,
  RunDiscarded,
  RunFailed,
  RunPaused,
  StepBlocked,
  StepCancelled,
  StepFailed,
  StepForceAdvanced,
  StepInterrupted,
  StepRetryScheduled,
  StepSkipped,
} from '@runledger/contracts';
import { specify } from '@runledger/testing';
import type { RunCommand } from './run-commands.js';
import { run } from './run.decider.js';
import * as the from './run.fixture.js';
import { ada, at, runId, step } from './run.fixture.js';

const given = specify(run);
const asked = { by: ada, at };
const skip = (key: string, comment?: string): RunCommand => ({
  type: 'SkipStep',
  data: { ...asked, step: key, ...(comment && { comment }) },
});
const force = (key: string, comment?: string): RunCommand => ({
  type: 'ForceAdvance',
  data: { ...asked, step: key, ...(comment && { comment }) },
});
const leftOut = (key: string, reason: string) =>
  StepSkipped({ runId, step: key, cause: 'person', reason, by: ada, skippedAt: at });
const advanced = (from: 'BLOCKED' | 'PENDING' | 'FAILED', comment?: string) =>
  StepForceAdvanced({ runId, step: 'left', from, by: ada, ...(comment && { comment }), advancedAt: at });
const runFailed = RunFailed({ runId, step: 'left', error: the.crash, failedAt: at });
const lost = (key: string) => StepInterrupted({ runId, step: key, attempt: 1, reason: 'It died.', interruptedAt: at });
const [left, right] = [step('left'), step('right')];
const executing = [the.started([left, right]), the.ready('left'), the.ready('right')];
const blocked = StepBlocked({
  ...{ runId, step: 'left', attempt: 1, blockedAt: at },
  cause: { kind: 'CREDENTIAL', message: 'Refused (401).', fix: 'Put it right.' },
});
const retrying = StepRetryScheduled({
  ...{ runId, step: 'left', attempt: 2, dueAt: '2026-03-01T11:00:00.000Z', reason: 'Attempt 1 failed.' },
  ...{ error: the.crash, scheduledAt: at },
});

describe('a step that is held up', () => {
  it.each([
    ['wants something from outside', blocked, 'BLOCKED'],
    ['waits for its next try', retrying, 'PENDING'],
  ] as const)('because it %s is skipped, and advanced by force', (_why, held, from) => {
    given(...executing, held)
      .when(skip('left'))
      .thenEmits(leftOut('left', 'Skipped.'));
    given(...executing, held)
      .when(force('left'))
      .thenEmits(advanced(from), leftOut('left', 'Advanced by force.'));
  });

  it('is left out for the reason that was given', () => {
    given(...executing, blocked)
      .when(skip('left', 'Not needed today.'))
      .thenEmits(leftOut('left', 'Not needed today.'));
    given(...executing, blocked)
      .when(force('left', 'On my word.'))
      .thenEmits(advanced('BLOCKED', 'On my word.'), leftOut('left', 'On my word.'));
  });

  it('by its failure is advanced while the run has yet to end', () => {
    given(...executing, the.failed('left'))
      .when(force('left'))
      .thenEmits(
        { type: 'RunReopened', data: { ...reopened, verb: 'FORCE_ADVANCE', step: 'left' } },
        ...[advanced('FAILED'), leftOut('left', 'Advanced by force.')],
      );
  });

  it('is dealt with once: a failure for which the flow has a way is not skipped as well', () => {
    const flow = [step('left', [], { routes: [{ on: ['ERROR'], to: ['after'] }] }), step('after', ['left'])];
    const handled = StepFailed({ ...the.failed('left').data, then: 'ROUTE' });
    const history = [the.started(flow), the.ready('left'), handled, the.ready('after')];
    for (const command of [skip('left'), force('left')]) {
      given(...history)
        .when(command)
        .thenRejects('NOT_POSSIBLE');
    }
  });

  it('needs a run, and a step of it', () => {
    given().when(skip('left')).thenRejects('RUN_NOT_FOUND');
    given(...executing)
      .when(skip('middle'))
      .thenRejects('STEP_NOT_FOUND');
    given(...executing)
      .when(skip('left'))
      .thenRejects('NOT_POSSIBLE');
  });

  it('at a gate passes on what its skipper had to say', () => {
    const gated = step('ship', [], { gates: { before: the.gateTerms('May ship?') } });
    const place = { runId, step: 'ship', gateId: the.gateIdOf('ship'), by: ada, comment: 'Seen it.' };
    const answer = { ...place, answeredAt: at };
    given(the.started([gated]), the.gate('ship', 'May ship?'))
      .when(skip('ship', 'Seen it.'))
      .thenEmits(GateAnswered({ ...answer, verb: 'SKIP', decision: 'SKIP' }));
    given(the.started([gated]), the.gate('ship', 'May ship?'))
      .when(force('ship', 'Seen it.'))
      .thenEmits(
        StepForceAdvanced({ ...place, from: 'WAITING', advancedAt: at }),
        GateAnswered({ ...answer, verb: 'FORCE_ADVANCE', decision: 'APPROVE' }),
      );
  });
});

const reopened = { runId, from: 'FAILED', scope: 'STEP', by: ada, reopenedAt: at } as const;

describe('putting a run away', () => {
  const discard = (reason?: string): RunCommand => ({
    type: 'DiscardRun',
    data: { ...asked, ...(reason && { reason }) },
  });
  const discarded = (reason?: string) => RunDiscarded({ runId, by: ada, ...(reason && { reason }), discardedAt: at });

  it('is for one that failed, once, and says why', () => {
    const failed = [the.started([left]), the.ready('left'), the.failed('left'), runFailed];
    given(...failed)
      .when(discard('Nobody needs it.'))
      .thenEmits(discarded('Nobody needs it.'));
    given(...failed, discarded())
      .when(discard())
      .thenNothing();
  });

  it('is not for one that is done, or that is not there', () => {
    given(the.started([left]), the.ready('left'), the.completed('left'), RunCompleted({ runId, completedAt: at }))
      .when(discard())
      .thenRejects('NOT_POSSIBLE');
    given().when(discard()).thenRejects('RUN_NOT_FOUND');
  });

  it('cancels one whose workers are all gone, and says that nobody confirmed it', () => {
    const flow = [left, right, step('after', ['left', 'right'])];
    const history = [the.started(flow), the.ready('left'), the.ready('right'), lost('left')];
    given(...history)
      .when(discard())
      .thenRejects('NOT_POSSIBLE');
    given(...history, lost('right'))
      .when(discard())
      .thenEmits(
        ...['left', 'right'].map(key => StepCancelled({ runId, step: key, cancelledAt: at })),
        RunCancelled({ runId, by: ada, unconfirmed: ['left', 'right'], cancelledAt: at }),
        discarded(),
      );
  });

  it('waits for one that is about to fail', () => {
    given(...executing, the.failed('left'), lost('right'))
      .when(discard())
      .thenRejects('NOT_POSSIBLE');
  });
});

describe('pausing and resuming', () => {
  const pause = (reason?: string): RunCommand => ({ type: 'PauseRun', data: { ...asked, ...(reason && { reason }) } });
  const resume: RunCommand = { type: 'ResumeRun', data: asked };
  const paused = (reason?: string) =>
    RunPaused({ runId, cause: 'OPERATOR', by: ada, ...(reason && { reason }), pausedAt: at });

  it('says why it was paused', () => {
    given(...executing)
      .when(pause('The disk is full.'))
      .thenEmits(paused('The disk is full.'));
  });

  it('is for a run that waits for its next try, too', () => {
    given(the.started([left]), the.ready('left'), retrying)
      .when(pause())
      .thenEmits(paused());
  });

  it('is not for a run that is about to fail', () => {
    given(...executing, the.failed('left'))
      .when(pause())
      .thenRejects('NOT_POSSIBLE');
    given(...executing, paused(), the.failed('left'))
      .when(resume)
      .thenRejects('NOT_POSSIBLE');
  });

  it('begins no try before it is due', () => {
    given(...executing, retrying, paused())
      .when(resume)
      .thenEmits({ type: 'RunResumed', data: { runId, retried: [], by: ada, resumedAt: at } });
  });

  it('needs a run that is held', () => {
    given().when(resume).thenRejects('RUN_NOT_FOUND');
    given(...executing)
      .when(resume)
      .thenRejects('NOT_POSSIBLE');
  });
});
