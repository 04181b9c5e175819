import { RunPaused, RunResumed, StepCancelled } from '@runledger/contracts';
import type { RunEvent, StepDefinition } from '@runledger/contracts';
import { advance } from './run-advance.js';
import { ORCHESTRATOR } from './orchestrator-actor.js';
import type { HoldForBudget, PauseRun, ResumeRun } from './run-commands.js';
import { RunDraft } from './run-draft.js';
import { isSilent, stepOf, type KnownRun, type Run, type StepProgress } from './run-state.js';
import { isKnown, notPossible, runNotFound, type SteeringRefusal } from './run-verbs.js';
import { isQueued, keepTurn, reopen } from './run-turns.js';
import { startAttempt } from './start-attempt.js';
import { takeRoutesAgain } from './step-routes.js';

/** No further step starts, and each agent stops after its current tool call. Branches that wait for people go on waiting. */
export function pauseRun({ by, reason, at }: PauseRun['data'], run: Run): readonly RunEvent[] | SteeringRefusal {
  if (!isKnown(run)) return runNotFound();
  if (run.status === 'running' && run.paused?.cause === 'OPERATOR') return [];
  const { counts } = run;
  const active = counts.executing + counts.retrying + run.startable > 0;
  if (run.status !== 'running' || run.closing || !active) return notPossible(run, 'paused');
  const why = reason === undefined ? {} : { reason };
  return [RunPaused({ runId: run.plan.runId, cause: 'OPERATOR', by, ...why, pausedAt: at })];
}

/**
 * A step cannot make its next call, because no budget has room for it: the run is paused. One that is going to end as soon as
 * nothing of it executes does not wait for room.
 */
export function holdForBudget(
  { step: key, attempt, reason, at }: HoldForBudget['data'],
  run: Run,
): readonly RunEvent[] {
  if (!isKnown(run) || run.status !== 'running' || run.closing?.as === 'cancelled') return [];
  const step = stepOf(run, key);
  if (step?.status !== 'executing' || step.attempt !== attempt) return [];
  const { runId } = run.plan;
  const draft = new RunDraft(run);
  if (run.closing) {
    draft.emit(StepCancelled({ runId, step: key, cancelledAt: at }));
    advance(draft, at);
  } else if (!run.paused) {
    draft.emit(RunPaused({ runId, cause: 'BUDGET', step: key, by: ORCHESTRATOR, reason, pausedAt: at }));
  }
  return draft.events;
}

/**
 * A run goes on: blocked and failed steps get a new attempt with the rights of whoever resumes it, retries that became due
 * meanwhile begin, and a cancelled run continues with everything that is not completed or skipped.
 */
export function resumeRun({ by, at, behind }: ResumeRun['data'], run: Run): readonly RunEvent[] | SteeringRefusal {
  if (!isKnown(run)) return runNotFound();
  const draft = new RunDraft(run);
  const { runId } = run.plan;
  if (run.status === 'ended') {
    if (run.as !== 'cancelled' || run.discarded) return notPossible(run, 'resumed');
    reopen(draft, run, { runId, verb: 'RESUME', from: 'CANCELLED', scope: 'REMAINING', by, reopenedAt: at });
    takeRoutesAgain(draft, at);
    advance(draft, at);
    return draft.events;
  }
  const held = run.paused !== undefined || run.counts.blocked + run.silent > 0;
  if (run.closing || !held) return notPossible(run, 'resumed');
  if (behind !== undefined && run.paused) return keepTurn(run, behind, at);
  // What failed before its turn came was left as it is by whoever had the run go on.
  const retried = isQueued(run) ? [] : stepsWhere(run, isHeldUp);
  draft.emit(RunResumed({ runId, retried: retried.map(({ key }) => key), by, resumedAt: at }));
  for (const step of retried) startAttempt(draft, step, { at, askedBy: by });
  for (const step of stepsWhere(run, progress => isDue(progress, at))) startAttempt(draft, step, { at });
  advance(draft, at);
  return draft.events;
}

function isHeldUp(step: StepProgress): boolean {
  return step.status === 'blocked' || isSilent(step) || (step.status === 'failed' && !step.handled);
}

function isDue(step: StepProgress, at: string): boolean {
  return step.status === 'retrying' && Date.parse(step.dueAt) <= Date.parse(at);
}

export function stepsWhere(run: KnownRun, fits: (step: StepProgress) => boolean): StepDefinition[] {
  return run.steps.indexesOf(fits).flatMap(index => run.plan.steps[index] ?? []);
}
