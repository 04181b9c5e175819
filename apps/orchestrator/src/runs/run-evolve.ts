import type { RunEvent } from '@runledger/contracts';
import { planRun } from './run-plan.js';
import { reopened } from './run-reopen.js';
import type { Closing, EndedRun, KnownRun, Run, RunningRun, StepProgress } from './run-state.js';
import { NEW_STEP, NO_STEPS, rebuilt, unlocked } from './step-moves.js';
import { evolveStep, type StepEvent } from './step-evolve.js';
import { StepTable } from './step-table.js';

type DataOf<Type extends RunEvent['type']> = Extract<RunEvent, { type: Type }>['data'];

/**
 * The run after one more event. Costs the same for a run of ten steps and of thousands, but for those events that begin it or
 * begin it again.
 */
export function evolveRun(run: Run, event: RunEvent): Run {
  if (event.type === 'RunStarted') return started(event.data);
  if (event.type === 'RunDeclined') return { status: 'declined' };
  return run.status === 'absent' || run.status === 'declined' ? run : evolveKnown(run, event);
}

function evolveKnown(run: KnownRun, event: Exclude<RunEvent, { type: 'RunStarted' | 'RunDeclined' }>): KnownRun {
  switch (event.type) {
    case 'RunPaused':
      return { ...run, paused: { cause: event.data.cause, step: event.data.step } };
    case 'RunResumed':
      return { ...run, paused: undefined };
    case 'RunReopened':
      return reopened(run, event.data);
    case 'RunCancelRequested': {
      const { by, mode, stopBy } = event.data;
      return closing(run, { as: 'cancelled', by, mode, stopBy });
    }
    case 'RunCompleted':
      return ended(run, 'completed');
    case 'RunFailed':
      return ended(run, 'failed');
    case 'RunRejected':
      return ended(run, 'rejected');
    case 'RunCancelled':
      return ended(run, 'cancelled');
    case 'RunDiscarded':
      return run.status === 'ended' ? { ...run, discarded: true } : run;
    default:
      return evolveSteps(run, event);
  }
}

/** What a step comes to, and what that means for its run. */
function evolveSteps(run: KnownRun, event: StepEvent): KnownRun {
  const next = evolveStep(run, event);
  switch (event.type) {
    case 'GateResolved':
      return event.data.decision === 'REJECT' ? closing(next, rejection(event.data)) : next;
    case 'StepFailed': {
      const { step, error, then = 'FAIL' } = event.data;
      if (then === 'ROUTE') return unlocked(next, step);
      return then === 'FAIL' ? closing(next, { as: 'failed', step, error }) : next;
    }
    case 'StepCompleted':
      return unlocked(next, event.data.step);
    case 'StepSkipped':
      return [event.data.step, ...(event.data.others ?? [])].reduce(unlocked, next);
    default:
      return next;
  }
}

function started(data: DataOf<'RunStarted'>): RunningRun {
  const plan = planRun(data);
  const inherited = new Map(data.inherited?.map(step => [step.step, step]));
  const begun: RunningRun = {
    status: 'running',
    plan,
    requestHash: data.requestHash,
    steps: StepTable.from<StepProgress>([]),
    counts: NO_STEPS,
    startable: 0,
    interrupted: 0,
    silent: 0,
    closing: undefined,
    paused: undefined,
    reopenedBy: undefined,
  };
  return rebuilt(begun, index => {
    const from = inherited.get(plan.steps[index]?.key ?? '');
    if (!from) return { ...NEW_STEP, status: 'pending', openNeeds: 0 };
    if (from.state === 'SKIPPED') return { ...NEW_STEP, status: 'skipped', notTaken: from.notTaken ?? false };
    const { outcome = 'SUCCESS', summary, output } = from;
    return { ...NEW_STEP, status: 'completed', outcome, summary, output };
  });
}

function rejection({ step, gateId, by, comment }: DataOf<'GateResolved'>): Closing {
  return { as: 'rejected', data: { step, gateId, by, ...(comment === undefined ? {} : { comment }) } };
}

/** What a person ordered last wins: a cancellation replaces other reasons, and nothing replaces it but its escalation. */
function closing(run: KnownRun, reason: Closing): KnownRun {
  if (run.status !== 'running') return run;
  return run.closing === undefined || reason.as === 'cancelled' ? { ...run, closing: reason } : run;
}

function ended(run: KnownRun, as: EndedRun['as']): KnownRun {
  return run.status === 'running' ? { ...run, status: 'ended', as, discarded: false, paused: undefined } : run;
}
