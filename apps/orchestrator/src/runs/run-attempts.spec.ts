import {
  RunCancelRequested,
  RunFailed,
  StepBlocked,
  StepCancelled,
  StepCompleted,
  StepFailed,
  StepInterrupted,
  StepReattached,
  RunCompleted,
  type RunEvent,
} from '@runledger/contracts';
import { specify } from '@runledger/testing';
import type { RunCommand } from './run-commands.js';
import { run } from './run.decider.js';
import { evolveRun } from './run-evolve.js';
import * as the from './run.fixture.js';
import { ada, at, runId, step } from './run.fixture.js';

const given = specify(run);
const alone = [the.started([step('plan')]), the.ready('plan')];
const pair = [the.started([step('left'), step('right')]), the.ready('left'), the.ready('right')];
const worker = 'worker-2';
const unexplained = { code: 'ATTEMPT_FAILED', message: 'The attempt ended with SUCCESS and gave no reason.' };
const decisionOf = (command: RunCommand, history: readonly RunEvent[]) =>
  run.decide(command, history.reduce(evolveRun, run.initialState()));

function decidedEvents(command: RunCommand, history: readonly RunEvent[]): readonly RunEvent[] {
  const decision = decisionOf(command, history);
  if ('rejected' in decision) throw new Error(decision.message);
  return decision;
}

describe('an attempt whose worker was gone', () => {
  const interrupted = StepInterrupted({ runId, step: 'plan', attempt: 1, reason: 'gone', interruptedAt: at });
  const found: RunCommand = { type: 'RecordReattachment', data: { step: 'plan', attempt: 1, worker, at } };
  const lost: RunCommand = { type: 'RecordInterruption', data: { step: 'plan', attempt: 1, reason: 'gone', at } };

  it('goes on with another one, and that is all that is said of it', () => {
    given(...alone, interrupted)
      .when(found)
      .thenEmits(StepReattached({ runId, step: 'plan', attempt: 1, worker, reattachedAt: at }));
  });

  it('is interrupted once, and found again only then', () => {
    given(...alone)
      .when(lost)
      .thenEmits(interrupted);
    given(...alone, interrupted)
      .when(lost)
      .thenNothing();
    given(...alone)
      .when(found)
      .thenNothing();
  });
});

describe('an attempt that was stopped by others', () => {
  it('has not succeeded, whatever it says of itself', () => {
    given(...alone)
      .when(the.ended('plan', { cancelled: true }))
      .thenEmits(
        StepFailed({ ...the.failed('plan').data, error: unexplained }),
        RunFailed({ runId, step: 'plan', error: unexplained, failedAt: at }),
      );
  });

  it('keeps the reason that it gives', () => {
    expect(decisionOf(the.ended('plan', { cancelled: true, error: the.crash }), alone)).toMatchObject([
      { type: 'StepFailed', data: { error: the.crash } },
      { type: 'RunFailed' },
    ]);
  });

  it('waits for nothing from outside', () => {
    const error = { code: 'auth', message: 'The key was refused.' };
    expect(decisionOf(the.ended('plan', { cancelled: true, outcome: 'BLOCKED', error }), alone)).toMatchObject([
      { type: 'StepFailed', data: { outcome: 'BLOCKED', error } },
      { type: 'RunFailed' },
    ]);
  });
});

describe('an attempt that cannot go on', () => {
  it('waits for its environment when the disk of the platform is full', () => {
    const error = { code: 'DISK_FULL', message: 'The disk is full.', fix: 'Make room.' };
    const cause = { kind: 'ENVIRONMENT', message: 'The disk is full.', fix: 'Make room.' } as const;
    given(...pair)
      .when(the.ended('left', { outcome: 'BLOCKED', error }))
      .thenEmits(StepBlocked({ runId, step: 'left', attempt: 1, cause, blockedAt: at }));
  });

  it('lets its run end, which had only waited for it', () => {
    const cause = { kind: 'ENVIRONMENT', message: 'staging is down.', fix: 'Bring it back.' } as const;
    given(...pair, the.failed('right'))
      .when({ type: 'BlockStep', data: { step: 'left', attempt: 1, cause, at } })
      .thenEmits(
        StepBlocked({ runId, step: 'left', attempt: 1, cause, blockedAt: at }),
        StepCancelled({ runId, step: 'left', cancelledAt: at }),
        RunFailed({ runId, step: 'right', error: the.crash, failedAt: at }),
      );
  });
});

describe('the pauses between attempts', () => {
  const retry = { max: 3, backoffMs: 1_000, factor: 3, maxBackoffMs: 5_000 };
  const patient = [the.started([step('plan', [], { onFailure: { then: 'FAIL', retry } })]), the.ready('plan')];
  const failed = (attempt: number) => the.ended('plan', { attempt, outcome: 'ERROR', error: the.crash });

  it('grow by their factor, up to the longest', () => {
    const history: RunEvent[] = [...patient];
    const pauses: number[] = [];
    for (const attempt of [1, 2, 3]) {
      history.push(...decidedEvents(failed(attempt), history));
      const scheduled = history.at(-1);
      if (scheduled?.type === 'StepRetryScheduled') pauses.push(Date.parse(scheduled.data.dueAt) - Date.parse(at));
      const again: RunCommand = { type: 'StartRetry', data: { step: 'plan', attempt: attempt + 1, at } };
      history.push(...decidedEvents(again, history));
    }
    expect(pauses).toEqual([1_000, 3_000, 5_000]);
  });

  it('last until their own time: that of an earlier one, which is told again, starts nothing', () => {
    const history: RunEvent[] = [...patient];
    const again = (attempt: number): RunCommand => ({ type: 'StartRetry', data: { step: 'plan', attempt, at } });
    for (const command of [failed(1), again(2), failed(2)]) history.push(...decidedEvents(command, history));
    expect(history.at(-1)).toMatchObject({ type: 'StepRetryScheduled', data: { attempt: 3 } });
    expect(decidedEvents(again(2), history)).toEqual([]);
    expect(decidedEvents(again(3), history)).toMatchObject([{ type: 'StepReady', data: { attempt: 3 } }]);
  });

  it('are none once the run is going to end: the attempt was the last one', () => {
    const [left, right] = [step('left', [], { onFailure: { then: 'FAIL', retry } }), step('right')];
    given(the.started([left, right]), the.ready('left'), the.ready('right'), the.failed('right'))
      .when(the.ended('left', { outcome: 'ERROR', error: the.crash }))
      .thenEmits(the.failed('left'), RunFailed({ runId, step: 'right', error: the.crash, failedAt: at }));
  });
});

describe('what an attempt hands on', () => {
  /** As JSON, with its quotes, it has as many bytes as may be handed on. */
  const largest = 'x'.repeat(199_998);

  it('is its output, up to 200,000 bytes', () => {
    const completed = StepCompleted({ ...the.completed('left').data, output: largest });
    given(...pair)
      .when(the.ended('left', { output: largest }))
      .thenEmits(completed);
  });

  it('completes its step also where it is not all that was wanted, and the step says so', () => {
    const partial = { outcome: 'PARTIAL', summary: 'Half of it.' } as const;
    given(...alone)
      .when(the.ended('plan', partial))
      .thenEmits(
        StepCompleted({ ...the.completed('plan').data, ...partial }),
        RunCompleted({ runId, completedAt: at }),
      );
  });

  it('is accepted by nobody once its run is going to end', () => {
    const reviewed = [step('left', [], { gates: { after: the.gateTerms('Good enough?') } }), step('right')];
    const history = [the.started(reviewed), the.ready('left'), the.ready('right'), the.failed('right')];
    given(...history)
      .when(the.ended('left'))
      .thenEmits(
        StepCancelled({ runId, step: 'left', cancelledAt: at }),
        RunFailed({ runId, step: 'right', error: the.crash, failedAt: at }),
      );
  });

  it('is kept when it comes while the run is being cancelled', () => {
    const asked = RunCancelRequested({ runId, mode: 'GRACEFUL', by: ada, requestedAt: at });
    expect(decisionOf(the.ended('left', { output: 'done' }), [...pair, asked])).toMatchObject([
      { type: 'StepCompleted', data: { step: 'left', output: 'done' } },
    ]);
  });
});
