import {
  StepBlocked,
  StepCancelled,
  StepHeardAgain,
  StepInterrupted,
  StepReattached,
  StepRetryScheduled,
  type RunEvent,
  type StepDefinition,
  type StepError,
} from '@runledger/contracts';
import { shortened } from '@runledger/kernel';
import { jsonBytes } from '../values/storable-text.js';
import { blockCauseOf } from './block-causes.js';
import { reachGate } from './gate-reach.js';
import { advance } from './run-advance.js';
import { MAX_OUTPUT_BYTES, MAX_SUMMARY, outputTooLarge } from './result-limits.js';
import type {
  BlockStep,
  RecordAttemptEnded,
  RecordInterruption,
  RecordReattachment,
  RecordSignOfLife,
  StartRetry,
} from './run-commands.js';
import { RunDraft } from './run-draft.js';
import { stepOf, type Run, type RunningRun, type StepProgress } from './run-state.js';
import { startAttempt } from './start-attempt.js';
import { completeStep, failStep, type Result } from './step-ends.js';
import { routeOfFailure } from './step-routes.js';

type Ended = RecordAttemptEnded['data'];

const TO_A_FILE = 'Write it to a file and declare that as an artifact.';

/**
 * The end of an attempt, and all that follows. An attempt that is not the one in progress changes nothing: it is a repeat,
 * or it is late (R1).
 */
export function recordAttemptEnded(ended: Ended, run: Run): readonly RunEvent[] {
  const found = inProgress(run, ended);
  if (!found) return [];
  const draft = new RunDraft(found.run);
  if (found.progress.silent) draft.emit(heardAgain(found.run, ended));
  endAttempt(draft, found, ended);
  advance(draft, ended.at);
  return draft.events;
}

/** Someone who watches over an attempt has found that it cannot go on. Its late end changes nothing. */
export function blockStep({ step, attempt, cause, at }: BlockStep['data'], run: Run): readonly RunEvent[] {
  const found = inProgress(run, { step, attempt });
  if (!found) return [];
  const draft = new RunDraft(found.run);
  draft.emit(StepBlocked({ runId: found.run.plan.runId, step, attempt, cause, blockedAt: at }));
  advance(draft, at);
  return draft.events;
}

export function recordInterruption({ step, attempt, reason, at }: RecordInterruption['data'], run: Run): RunEvent[] {
  const found = inProgress(run, { step, attempt });
  if (!found || found.progress.interrupted) return [];
  return [StepInterrupted({ runId: found.run.plan.runId, step, attempt, reason, interruptedAt: at })];
}

export function recordReattachment({ step, attempt, worker, at }: RecordReattachment['data'], run: Run): RunEvent[] {
  const found = inProgress(run, { step, attempt });
  if (!found?.progress.interrupted) return [];
  const reattached = StepReattached({ runId: found.run.plan.runId, step, attempt, worker, reattachedAt: at });
  return found.progress.silent ? [reattached, heardAgain(found.run, { step, attempt, at })] : [reattached];
}

export function heardAgain({ plan }: RunningRun, { step, attempt, at }: RecordSignOfLife['data']): RunEvent {
  return StepHeardAgain({ runId: plan.runId, step, attempt, heardAt: at });
}

/** A run that is paused keeps the step waiting: whoever resumes it starts what is due by then. */
export function startRetry({ step: key, attempt, at }: StartRetry['data'], run: Run): readonly RunEvent[] {
  if (run.status !== 'running' || run.closing || run.paused) return [];
  const progress = stepOf(run, key);
  const step = run.plan.steps[run.plan.indexOf.get(key) ?? -1];
  if (!step || progress?.status !== 'retrying' || progress.attempt + 1 !== attempt) return [];
  const draft = new RunDraft(run);
  startAttempt(draft, step, { at });
  advance(draft, at);
  return draft.events;
}

export interface FoundAttempt {
  readonly run: RunningRun;
  readonly step: StepDefinition;
  readonly progress: Extract<StepProgress, { status: 'executing' }>;
}

/** The attempt when it is the one in progress. */
export function inProgress(
  run: Run,
  { step: key, attempt }: Pick<Ended, 'step' | 'attempt'>,
): FoundAttempt | undefined {
  if (run.status !== 'running') return undefined;
  const progress = stepOf(run, key);
  const step = run.plan.steps[run.plan.indexOf.get(key) ?? -1];
  if (!step || progress?.status !== 'executing' || progress.attempt !== attempt) return undefined;
  return { run, step, progress };
}

function endAttempt(draft: RunDraft, found: FoundAttempt, ended: Ended): void {
  const { run, step } = found;
  const { attempt, outcome, error, at } = ended;
  const place = { runId: run.plan.runId, step: step.key };
  if (ended.cancelled && run.closing?.as === 'cancelled') {
    return draft.emit(StepCancelled({ ...place, cancelledAt: at }));
  }
  if (outcome === 'SUCCESS' || outcome === 'PARTIAL') {
    if (!ended.cancelled) return succeed(draft, step, { ...ended, outcome });
    return fail(draft, found, { outcome: 'ERROR', error: error ?? unexplained(outcome), attempt, at });
  }
  const reason = error ?? unexplained(outcome);
  const cause = ended.cancelled ? undefined : blockCauseOf(outcome, reason);
  if (cause && !routeOfFailure(run, step, outcome)) {
    return draft.emit(StepBlocked({ ...place, attempt, cause, blockedAt: at }));
  }
  fail(draft, found, { outcome, error: reason, attempt, at });
}

interface FailedAttempt {
  readonly outcome: 'ERROR' | 'BLOCKED';
  readonly error: StepError;
  readonly attempt: number;
  readonly at: string;
}

/** Tried again while the flow's patience lasts and the run goes on. */
function fail(draft: RunDraft, { run, step, progress }: FoundAttempt, failure: FailedAttempt): void {
  const retry = step.onFailure.retry;
  if (!retry || progress.tries > retry.max || run.closing) return failStep(draft, step, failure);
  const { attempt, error, at } = failure;
  const wait = Math.min(retry.maxBackoffMs, retry.backoffMs * retry.factor ** (progress.tries - 1));
  draft.emit(
    StepRetryScheduled({
      runId: run.plan.runId,
      step: step.key,
      attempt: attempt + 1,
      dueAt: new Date(Date.parse(at) + wait).toISOString(),
      reason: `Attempt ${attempt} failed; retry ${progress.tries} of ${retry.max}.`,
      error,
      scheduledAt: at,
    }),
  );
}

function succeed(draft: RunDraft, step: StepDefinition, ended: Ended & Pick<Result, 'outcome'>): void {
  const { attempt, outcome, summary, output, at } = ended;
  const bytes = output === undefined ? 0 : jsonBytes(output);
  if (bytes > MAX_OUTPUT_BYTES) {
    return failStep(draft, step, { outcome: 'ERROR', error: outputTooLarge(bytes, TO_A_FILE), attempt, at });
  }
  const result: Result = {
    attempt,
    outcome,
    ...(summary === undefined ? {} : { summary: shortened(summary, MAX_SUMMARY) }),
    ...(output === undefined ? {} : { output }),
  };
  const review = step.gates?.after;
  const run = draft.running;
  if (!review || !run) return completeStep(draft, step, result, at);
  // What nobody will look at any more was not accepted.
  if (run.closing) return draft.emit(StepCancelled({ runId: run.plan.runId, step: step.key, cancelledAt: at }));
  reachGate(draft, step, { definition: review, position: 'after', origin: 'template', result }, at);
}

function unexplained(outcome: Ended['outcome']): StepError {
  return { code: 'ATTEMPT_FAILED', message: `The attempt ended with ${outcome} and gave no reason.` };
}
