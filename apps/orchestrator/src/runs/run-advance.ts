import {
  RunCancelled,
  RunCompleted,
  RunFailed,
  RunRejected,
  StepCancelled,
  type StepDefinition,
} from '@runledger/contracts';
import { jsonBytes } from '../values/storable-text.js';
import { checkpointBefore, reachGate } from './gate-reach.js';
import { ORCHESTRATOR } from './orchestrator-actor.js';
import type { RunDraft } from './run-draft.js';
import {
  isStartable,
  openSteps,
  stepOf,
  underWay,
  type Closing,
  type RunningRun,
  type StepStatus,
} from './run-state.js';
import { startAttempt } from './start-attempt.js';
import { conditionHolds } from './step-conditions.js';
import { failStep, leaveOut } from './step-ends.js';

/**
 * One append takes 1,000 events and one megabyte. What does not fit starts with the next decision, which comes for certain:
 * something that was started here must end first.
 */
const MAX_STARTS = 200;
const MAX_START_BYTES = 150_000;
/** So many fit into one append. A run that ends with more open steps cancels the others by its own end. */
const MAX_CANCELLED = 900;

/**
 * Everything that follows from what the draft holds so far, in one append: starts what can start, or, when the run is
 * closing, cancels what has not begun; ends the run when its end has come.
 */
export function advance(draft: RunDraft, at: string): void {
  startSteps(draft, at);
  const run = draft.running;
  if (!run) return;
  const ending = run.closing ?? stuck(run);
  if (ending) {
    cancelUnbegun(draft, run, at);
    if (run.counts.executing === 0) endRun(draft, ending, at);
  } else if (openSteps(run) === 0 && run.counts.failed === 0) {
    draft.emit(RunCompleted({ runId: run.plan.runId, completedAt: at }));
  }
}

function startSteps(draft: RunDraft, at: string): void {
  const queue = startableSteps(draft);
  const crowded = queue.length > 1;
  let bytes = 0;
  let started = 0;
  for (const index of queue) {
    const run = draft.running;
    const step = run?.plan.steps[index];
    if (!run || !step || run.closing || run.paused || started === MAX_STARTS || bytes > MAX_START_BYTES) return;
    if (!isStartable(run.steps.at(index))) continue;
    const before = draft.touched.length;
    beginStep(draft, run, step, at);
    if (isUnderWay(draft, step.key)) {
      started += 1;
      bytes += crowded ? jsonBytes(draft.events.at(-1)?.data) : 0;
    } else queue.push(...draft.touched.slice(before).flatMap(key => startableAround(draft, key)));
  }
}

/** Asks about one step whose turn has come, starts it, or leaves it out. */
function beginStep(draft: RunDraft, run: RunningRun, step: StepDefinition, at: string): void {
  const passed = stepOf(run, step.key)?.passed ?? false;
  const condition = passed || step.if === undefined ? { value: true } : conditionHolds(run, step.if);
  if ('error' in condition) return failStep(draft, step, { outcome: 'ERROR', error: condition.error, at });
  if (!condition.value) {
    const reason = 'Its condition is not true.';
    return leaveOut(draft, step, { cause: 'condition', reason, by: ORCHESTRATOR, at });
  }
  const gate = passed ? undefined : checkpointBefore(run, step);
  if (gate) reachGate(draft, step, gate, at);
  else startAttempt(draft, step, { at });
}

function isUnderWay(draft: RunDraft, key: string): boolean {
  const status = draft.running && stepOf(draft.running, key)?.status;
  return status === 'executing' || status === 'waiting';
}

/** Usually the steps around what has just ended; all are searched only when earlier ones did not fit. */
function startableSteps(draft: RunDraft): number[] {
  const run = draft.running;
  if (!run || run.closing || run.paused || run.startable === 0) return [];
  const near = [...new Set(draft.touched.flatMap(key => startableAround(draft, key)))];
  return near.length === run.startable ? near : run.steps.indexesOf(isStartable);
}

/** The step and its dependents, as far as they may start. */
function startableAround(draft: RunDraft, key: string): number[] {
  const run = draft.running;
  const index = run?.plan.indexOf.get(key);
  if (!run || index === undefined) return [];
  return [index, ...(run.plan.dependents[index] ?? [])].filter(near => isStartable(run.steps.at(near)));
}

/** Nothing is under way and nothing can start, because what is left needs a step that failed. */
function stuck(run: RunningRun): Closing | undefined {
  if (run.paused || underWay(run) > 0 || run.startable > 0 || run.counts.failed === 0) return undefined;
  const [first = -1] = run.steps.indexesOf(step => step.status === 'failed' && !step.handled);
  const step = run.steps.at(first);
  if (step?.status !== 'failed') return undefined;
  return { as: 'failed', step: run.plan.steps[first]?.key ?? '', error: step.error };
}

/** Waiting steps first: people must not be asked about a run that is over. */
function cancelUnbegun(draft: RunDraft, run: RunningRun, at: string): void {
  if (openSteps(run) === run.counts.executing) return;
  const order: readonly StepStatus[] = ['waiting', 'blocked', 'retrying', 'pending'];
  const unbegun = order.flatMap(status =>
    run.counts[status] === 0 ? [] : run.steps.indexesOf(step => step.status === status),
  );
  for (const index of unbegun.slice(0, MAX_CANCELLED)) {
    const step = run.plan.steps[index];
    if (step) draft.emit(StepCancelled({ runId: run.plan.runId, step: step.key, cancelledAt: at }));
  }
}

function endRun(draft: RunDraft, ending: Closing, at: string): void {
  const run = draft.running;
  if (!run) return;
  const { runId } = run.plan;
  switch (ending.as) {
    case 'failed':
      return draft.emit(RunFailed({ runId, step: ending.step, error: ending.error, failedAt: at }));
    case 'rejected':
      return draft.emit(RunRejected({ runId, ...ending.data, rejectedAt: at }));
    case 'cancelled':
      return draft.emit(RunCancelled({ runId, by: ending.by, cancelledAt: at }));
  }
}
