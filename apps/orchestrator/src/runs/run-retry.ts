import { RunResumed, StepInstructionsEdited, type RunEvent, type StepDefinition } from '@runledger/contracts';
import { reject, replacementDiff } from '@runledger/kernel';
import { advance } from './run-advance.js';
import type { RetryRun, RetryStep } from './run-commands.js';
import { RunDraft } from './run-draft.js';
import { stepsWhere } from './run-pause.js';
import { stepOf, type KnownRun, type Run, type RunActor, type StepProgress } from './run-state.js';
import {
  interruptedSteps,
  isKnown,
  notPossible,
  runNotFound,
  stepNotFound,
  stepNotPossible,
  type SteeringRefusal,
} from './run-verbs.js';
import { reopen } from './run-turns.js';
import { startAttempt } from './start-attempt.js';
import { takeRoutesAgain } from './step-routes.js';

/** Tries a failed run again in place, keeping what it has done or from the beginning; an interrupted one from where it stands. */
export function retryRun(data: RetryRun['data'], run: Run): readonly RunEvent[] | SteeringRefusal {
  if (!isKnown(run)) return runNotFound();
  const { from, parameters, flow, by, at } = data;
  const draft = new RunDraft(run);
  if (hasFailed(run)) {
    if (from === 'BEGINNING' && run.counts.executing > 0) return notPossible(run, 'begun again');
    reopen(draft, run, {
      runId: run.plan.runId,
      verb: 'RETRY',
      from: 'FAILED',
      scope: from === 'BEGINNING' ? 'BEGINNING' : 'REMAINING',
      ...(parameters ? { parameters } : {}),
      ...(flow ? { flow } : {}),
      by,
      reopenedAt: at,
    });
    takeRoutesAgain(draft, at);
  } else {
    const again = from === 'BEGINNING' || parameters || flow ? [] : stepsToTryAgain(run);
    if (again.length === 0) return notPossible(run, 'retried');
    const { runId } = run.plan;
    if (run.status === 'running' && run.paused) {
      draft.emit(RunResumed({ runId, retried: again.map(({ key }) => key), by, resumedAt: at }));
    }
    for (const step of again) startAttempt(draft, step, { at, askedBy: by });
  }
  advance(draft, at);
  return draft.events;
}

/** A new attempt of one step; its siblings stay as they are, failed ones too. */
export function retryStep(data: RetryStep['data'], run: Run): readonly RunEvent[] | SteeringRefusal {
  if (!isKnown(run)) return runNotFound();
  const { step: key, instructions, by, at } = data;
  const step = run.plan.steps[run.plan.indexOf.get(key) ?? -1];
  const progress = stepOf(run, key);
  if (!step || !progress) return stepNotFound(key);
  if (instructions !== undefined && !step.agent) return noInstructions(key);
  const draft = new RunDraft(run);
  if (!mayTryAgain(run, progress) || !goOnWith(draft, run, { step: key, verb: 'RETRY', by, at })) {
    return stepNotPossible(run, { key, status: progress.status }, 'tried again');
  }
  if (instructions !== undefined)
    draft.emit(edited(run, step, { attempt: progress.attempt + 1, instructions, by, at }));
  // One that has to wait for its turn begins with it.
  if (!draft.running?.paused) {
    startAttempt(draft, step, { at, askedBy: by, ...(instructions === undefined ? {} : { instructions }) });
  }
  advance(draft, at);
  return draft.events;
}

interface GoingOn {
  readonly step: string;
  readonly verb: 'RETRY' | 'SKIP' | 'FORCE_ADVANCE';
  readonly by: RunActor;
  readonly at: string;
}

/**
 * Makes the run one in which the step can be dealt with: reopens one that has failed or is about to, resumes one that paused
 * because of this very step. False: the run is in no state for it.
 */
export function goOnWith(draft: RunDraft, run: KnownRun, { step, verb, by, at }: GoingOn): boolean {
  const { runId } = run.plan;
  if (hasFailed(run)) {
    reopen(draft, run, { runId, verb, from: 'FAILED', scope: 'STEP', step, by, reopenedAt: at });
    takeRoutesAgain(draft, at);
    return true;
  }
  if (run.status === 'ended' || run.closing) return false;
  if (run.paused?.cause === 'STEP_FAILED' && run.paused.step === step) {
    draft.emit(RunResumed({ runId, retried: verb === 'RETRY' ? [step] : [], by, resumedAt: at }));
    return true;
  }
  // An attempt that began in a paused run would be stopped at once.
  return run.paused === undefined || verb !== 'RETRY';
}

/** It has ended so, or will as soon as nothing executes. */
export function hasFailed(run: KnownRun): boolean {
  return run.status === 'ended' ? run.as === 'failed' && !run.discarded : run.closing?.as === 'failed';
}

function stepsToTryAgain(run: KnownRun): StepDefinition[] {
  if (run.status === 'ended' || run.closing) return [];
  if (run.paused?.cause === 'STEP_FAILED') return stepsWhere(run, step => step.status === 'failed' && !step.handled);
  return run.paused ? [] : interruptedSteps(run).flatMap(index => run.plan.steps[index] ?? []);
}

function mayTryAgain(run: KnownRun, step: StepProgress): boolean {
  switch (step.status) {
    case 'failed':
      return !step.handled;
    case 'executing':
      return step.interrupted || step.silent;
    case 'blocked':
    case 'retrying':
      return run.status === 'running';
    default:
      return false;
  }
}

interface Edit {
  readonly attempt: number;
  readonly instructions: string;
  readonly by: RunActor;
  readonly at: string;
}

function edited(run: KnownRun, step: StepDefinition, { attempt, instructions, by, at }: Edit): RunEvent {
  const diff = replacementDiff('instructions', step.agent?.instructions ?? '', instructions);
  return StepInstructionsEdited({
    runId: run.plan.runId,
    step: step.key,
    attempt,
    instructions,
    diff,
    by,
    editedAt: at,
  });
}

function noInstructions(step: string): SteeringRefusal {
  return reject('NOT_POSSIBLE', `Step ${step} is not done by an agent: it has no instructions.`, {
    fix: 'Retry it as it is, or change its script in a new version of the flow.',
  });
}
