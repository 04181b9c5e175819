import {
  GateReached,
  RunCancelled,
  RunCompleted,
  RunFailed,
  RunRejected,
  StepCancelled,
  StepFailed,
  StepReady,
  type RunEvent,
  type StepDefinition,
} from '@runledger/contracts';
import { gateId } from '@runledger/kernel';
import { jsonBytes } from '../values/storable-text.js';
import { evidenceFor } from './gate-evidence.js';
import type { RunDraft } from './run-draft.js';
import { isStartable } from './run-evolve.js';
import type { RunningRun, StepProgress } from './run-state.js';
import { workOf } from './step-work.js';

/** Steps are tried once; trying again will be a further attempt. */
export const FIRST_ATTEMPT = 1;
/**
 * One append takes 1,000 events and one megabyte. What does not fit starts with the next decision, which comes for certain:
 * something that was started here must end first.
 */
const MAX_STARTS = 200;
const NOBODY_IN_PARTICULAR = {
  policy: { count: 1, excludeStarter: false },
  onTimeout: 'FAIL',
  autoApproveInBackground: false,
} as const;
const MAX_START_BYTES = 150_000;
/** So many fit into one append. A run that ends with more open steps cancels the others by its own end. */
const MAX_CANCELLED = 900;

/**
 * Everything that follows from what the draft holds so far, in one append: starts what can start, or, when the run is
 * closing, cancels what has not begun; ends the run when its end has come.
 */
export function advance(draft: RunDraft, at: string): void {
  startSteps(draft, at);
  if (draft.running?.closing) cancelUnbegun(draft, at);
  endRun(draft, at);
}

/** Starts one step whose gate, if any, is passed. A step that cannot be filled in fails at once. */
export function startStep(draft: RunDraft, run: RunningRun, step: StepDefinition, at: string): void {
  const result = workOf(run, step);
  const { runId, choices } = run.plan;
  const place = { runId, step: step.key, attempt: FIRST_ATTEMPT };
  if ('error' in result) {
    draft.emit(StepFailed({ ...place, outcome: 'ERROR', error: result.error, failedAt: at }));
    return;
  }
  const { timeoutMs, artifacts } = step;
  draft.emit(StepReady({ ...place, profile: choices.profile, ...result.work, timeoutMs, artifacts, readyAt: at }));
}

function startSteps(draft: RunDraft, at: string): void {
  const first = draft.running;
  if (!first || first.closing || first.startable === 0) return;
  let bytes = 0;
  let started = 0;
  for (const index of startableSteps(draft, first)) {
    const run = draft.running;
    const step = first.plan.steps[index];
    if (!step || !run || run.closing || started === MAX_STARTS || bytes > MAX_START_BYTES) return;
    const gate = gateBefore(run, step, at);
    if (gate) draft.emit(gate);
    else startStep(draft, run, step, at);
    started += 1;
    bytes += first.startable === 1 ? 0 : jsonBytes(draft.events.at(-1)?.data);
  }
}

/** Usually the dependents of what has just ended; all steps are searched only when earlier ones did not fit. */
function startableSteps(draft: RunDraft, run: RunningRun): number[] {
  const { indexOf, dependents } = run.plan;
  const near = draft.events
    .flatMap(event => (event.type === 'StepCompleted' || event.type === 'StepSkipped' ? [event.data.step] : []))
    .flatMap(key => dependents[indexOf.get(key) ?? -1] ?? [])
    .filter(index => isStartable(run.steps.at(index)));
  return near.length === run.startable ? near : run.steps.indexesOf(isStartable);
}

function gateBefore(run: RunningRun, step: StepDefinition, at: string): RunEvent | undefined {
  const { runId, choices } = run.plan;
  const template = choices.checkpointMode === 'NONE' ? undefined : step.gates?.before;
  if (!template && choices.checkpointMode !== 'EVERY_STEP') return undefined;
  return GateReached({
    runId,
    step: step.key,
    gateId: gateId(runId, step.key, 'before', FIRST_ATTEMPT),
    position: 'before',
    origin: template ? 'template' : 'every_step',
    message: template?.message ?? `Start “${step.name}”?`,
    terms: NOBODY_IN_PARTICULAR,
    startedBy: run.plan.startedBy,
    execution: choices.execution,
    shown: evidenceFor(run, step),
    reachedAt: at,
  });
}

/** Waiting steps first: people must not be asked about a run that is over. */
function cancelUnbegun(draft: RunDraft, at: string): void {
  const run = draft.running;
  if (!run || run.open === run.executing) return;
  const is = (status: StepProgress['status']) => run.steps.indexesOf(step => step.status === status);
  for (const index of [...is('waiting'), ...is('pending')].slice(0, MAX_CANCELLED)) {
    const step = run.plan.steps[index];
    if (step) draft.emit(StepCancelled({ runId: run.plan.runId, step: step.key, cancelledAt: at }));
  }
}

function endRun(draft: RunDraft, at: string): void {
  const run = draft.running;
  if (!run || run.executing > 0) return;
  const { runId } = run.plan;
  switch (run.closing?.as) {
    case undefined:
      if (run.open === 0) draft.emit(RunCompleted({ runId, completedAt: at }));
      return;
    case 'failed':
      draft.emit(RunFailed({ runId, step: run.closing.step, error: run.closing.error, failedAt: at }));
      return;
    case 'rejected':
      draft.emit(RunRejected({ runId, ...run.closing.data, rejectedAt: at }));
      return;
    case 'cancelled':
      draft.emit(RunCancelled({ runId, by: run.closing.by, cancelledAt: at }));
      return;
  }
}
