import type { RunReopened } from '@runledger/contracts';
import { planRun } from './run-plan.js';
import type { KnownRun, RunningRun, StepProgress } from './run-state.js';
import { isDone, stepOf } from './run-state.js';
import { NEW_STEP, rebuilt } from './step-moves.js';

type Reopened = ReturnType<typeof RunReopened>['data'];

/** A run that goes on after its end, or before it when it was about to fail: what is done or executes stays as it is. */
export function reopened(run: KnownRun, data: Reopened): RunningRun {
  const { plan, requestHash, steps, counts, startable, interrupted, silent } = run;
  const started = {
    ...plan.started,
    ...(data.parameters ? { parameters: data.parameters } : {}),
    ...(data.flow ? { steps: data.flow.steps, flowVersion: data.flow.version, flowHash: data.flow.hash } : {}),
  };
  const next: RunningRun = {
    status: 'running',
    plan: data.parameters || data.flow ? planRun(started) : plan,
    requestHash,
    steps,
    counts,
    startable,
    interrupted,
    silent,
    closing: undefined,
    paused: undefined,
    reopenedBy: data.by,
  };
  return rebuilt(next, index => afterReopening(stepBefore(run, next.plan.steps[index]?.key ?? ''), next, index, data));
}

/** What executed at the end of the run was given up. */
function stepBefore(run: KnownRun, key: string): StepProgress | undefined {
  const step = stepOf(run, key);
  return step?.status === 'executing' && run.status === 'ended' ? { ...step, status: 'cancelled' } : step;
}

function afterReopening(
  before: StepProgress | undefined,
  next: RunningRun,
  index: number,
  { scope, step: chosen }: Reopened,
): StepProgress {
  if (!before) return { ...NEW_STEP, status: 'pending', openNeeds: 0 };
  const { attempt, asked, passed } = before;
  const again = { attempt, asked, tries: 0, status: 'pending', openNeeds: 0 } as const;
  if (scope === 'BEGINNING') return { ...again, passed: false };
  if (isDone(before) || before.status === 'executing') return before;
  const staysFailed = scope === 'STEP' && before.status === 'failed' && next.plan.steps[index]?.key !== chosen;
  return staysFailed ? before : { ...again, passed };
}
