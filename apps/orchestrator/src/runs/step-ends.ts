import {
  RunPaused,
  StepCompleted,
  StepFailed,
  type StepDefinition,
  type StepError,
  type StepResultData,
  type StepSkipped,
} from '@runledger/contracts';
import { ORCHESTRATOR } from './orchestrator-actor.js';
import type { RunDraft } from './run-draft.js';
import { stepOf, type RunActor } from './run-state.js';
import { routeOf, routeOfFailure, takeRoute } from './step-routes.js';

type SkipCause = ReturnType<typeof StepSkipped>['data']['cause'];

export interface Failure {
  readonly outcome: 'ERROR' | 'BLOCKED';
  readonly error: StepError;
  /** Left out: one that could not even begin. */
  readonly attempt?: number;
  readonly at: string;
}

export interface Skip {
  readonly cause: SkipCause;
  readonly reason: string;
  readonly by: RunActor;
  readonly at: string;
}

/** A step has failed for good: the flow has a way on, leaves it out, pauses the run, or fails. */
export function failStep(draft: RunDraft, step: StepDefinition, failure: Failure): void {
  const run = draft.running;
  if (!run) return;
  const { outcome, error, at } = failure;
  const { runId } = run.plan;
  const attempt = failure.attempt ?? (stepOf(run, step.key)?.attempt ?? 0) + 1;
  const chosen = routeOfFailure(run, step, outcome);
  const then = chosen ? ('ROUTE' as const) : step.onFailure.then;
  const meaning = then === 'FAIL' ? {} : { then };
  draft.emit(StepFailed({ runId, step: step.key, attempt, outcome, error, ...meaning, failedAt: at }));
  switch (then) {
    case 'ROUTE':
      return takeRoute(draft, step, chosen, { failed: true, at });
    case 'SKIP':
      return leaveOut(draft, step, { cause: 'on_failure', reason: error.message, by: ORCHESTRATOR, at });
    case 'PAUSE':
      return pauseAfter(draft, step.key, error, at);
    case 'FAIL':
      return;
  }
}

/** A step has done its work, and people who had to look at it are content. */
export function completeStep(draft: RunDraft, step: StepDefinition, result: Result, at: string): void {
  const run = draft.running;
  if (!run) return;
  const { attempt, outcome, summary, output } = result;
  const route = routeOf(run, step, { outcome, output });
  if ('error' in route) return failStep(draft, step, { outcome: 'ERROR', error: route.error, attempt, at });
  draft.emit(
    StepCompleted({
      runId: run.plan.runId,
      step: step.key,
      attempt,
      outcome,
      ...(summary === undefined ? {} : { summary }),
      ...(output === undefined ? {} : { output }),
      completedAt: at,
    }),
  );
  takeRoute(draft, step, route.value, { at });
}

/** 0 attempts: a step that only asked people. */
export type Result = StepResultData;

/** A step is left out; for those that need it that is as good as success. */
export function leaveOut(draft: RunDraft, step: StepDefinition, { cause, reason, by, at }: Skip): void {
  const run = draft.running;
  if (!run) return;
  draft.skip({ runId: run.plan.runId, step: step.key, cause, reason, by, skippedAt: at });
  const route = routeOf(run, step, { outcome: 'SUCCESS' });
  takeRoute(draft, step, 'value' in route ? route.value : undefined, { at });
}

function pauseAfter(draft: RunDraft, step: string, error: StepError, at: string): void {
  const run = draft.running;
  if (!run || run.closing || run.paused) return;
  const { runId } = run.plan;
  draft.emit(RunPaused({ runId, cause: 'STEP_FAILED', step, by: ORCHESTRATOR, reason: error.message, pausedAt: at }));
}
