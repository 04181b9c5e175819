import {
  isDone,
  isSilent,
  isStartable,
  type KnownRun,
  type StepProgress,
  type StepStanding,
  type StepStatus,
} from './run-state.js';
import { StepTable } from './step-table.js';

/** The run with one step in another state; what the step remembers stays unless `memory` says otherwise. O(1). */
export function moved<R extends KnownRun>(run: R, key: string, to: StepStanding & Partial<StepProgress>): R {
  const index = run.plan.indexOf.get(key);
  const from = index === undefined ? undefined : run.steps.at(index);
  if (index === undefined || !from) return run;
  const { attempt, tries, asked, passed } = from;
  const step: StepProgress = { attempt, tries, asked, passed, ...to };
  return {
    ...run,
    steps: run.steps.with(index, step),
    counts: recounted(run.counts, from, step),
    startable: run.startable - Number(isStartable(from)) + Number(isStartable(step)),
    interrupted: run.interrupted - Number(isInterrupted(from)) + Number(isInterrupted(step)),
    silent: run.silent - Number(isSilent(from)) + Number(isSilent(step)),
  };
}

/** The run after one step is done: that much less stands between its dependents and their start. */
export function unlocked<R extends KnownRun>(run: R, key: string): R {
  const index = run.plan.indexOf.get(key);
  const dependents = index === undefined ? undefined : run.plan.dependents[index];
  if (!dependents || dependents.length === 0) return run;
  let { steps, startable } = run;
  for (const dependent of dependents) {
    const step = steps.at(dependent);
    if (step?.status !== 'pending') continue;
    const openNeeds = step.openNeeds - 1;
    steps = steps.with(dependent, { ...step, openNeeds });
    if (openNeeds === 0) startable += 1;
  }
  return { ...run, steps, startable };
}

/** All steps in another state at once, each with what it has to wait for. O(steps + needs): for beginnings only. */
export function rebuilt<R extends KnownRun>(run: R, stepAt: (index: number) => StepProgress): R {
  const { plan } = run;
  const moved = plan.steps.map((_, index) => stepAt(index));
  const steps = moved.map((step, index): StepProgress => {
    if (step.status !== 'pending') return step;
    const needs = plan.steps[index]?.needs ?? [];
    return { ...step, openNeeds: needs.filter(need => !isDone(moved[plan.indexOf.get(need) ?? -1])).length };
  });
  return {
    ...run,
    steps: StepTable.from(steps),
    counts: countsOf(steps),
    startable: steps.filter(isStartable).length,
    interrupted: steps.filter(isInterrupted).length,
    silent: steps.filter(isSilent).length,
  };
}

function isInterrupted(step: StepStanding): boolean {
  return step.status === 'executing' && step.interrupted;
}

export const NEW_STEP = { attempt: 0, tries: 0, asked: 0, passed: false } as const;

export const NO_STEPS: Readonly<Record<StepStatus, number>> = {
  pending: 0,
  waiting: 0,
  executing: 0,
  retrying: 0,
  blocked: 0,
  completed: 0,
  failed: 0,
  skipped: 0,
  cancelled: 0,
};

function recounted(
  before: Readonly<Record<StepStatus, number>>,
  from: StepStanding,
  to: StepStanding,
): Readonly<Record<StepStatus, number>> {
  const counts = { ...before };
  if (isCounted(from)) counts[from.status] -= 1;
  if (isCounted(to)) counts[to.status] += 1;
  return counts;
}

/** A failure that was handled does not count as one. */
function isCounted(step: StepStanding): boolean {
  return step.status !== 'failed' || !step.handled;
}

function countsOf(steps: readonly StepStanding[]): Readonly<Record<StepStatus, number>> {
  const counts = { ...NO_STEPS };
  for (const step of steps) if (isCounted(step)) counts[step.status] += 1;
  return counts;
}
