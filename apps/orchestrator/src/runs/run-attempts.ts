import { StepCancelled, StepCompleted, StepFailed, type RunEvent, type StepError } from '@runledger/contracts';
import { jsonBytes, shortened } from '../values/storable-text.js';
import { advance } from './run-advance.js';
import type { RecordAttemptEnded } from './run-commands.js';
import { RunDraft } from './run-draft.js';
import type { Run, RunningRun } from './run-state.js';

type Ended = RecordAttemptEnded['data'];

/** Largest output that a step can hand on; the next steps and gates are stored with it in one append of one megabyte. */
const MAX_OUTPUT_BYTES = 200_000;
const MAX_SUMMARY = 16_000;

/**
 * The end of an attempt, and all that follows. An attempt that is not the one in progress changes nothing: it is a repeat,
 * or it is late (R1).
 */
export function recordAttemptEnded(ended: Ended, run: Run): readonly RunEvent[] {
  if (run.status !== 'running') return [];
  const index = run.plan.indexOf.get(ended.step);
  const progress = index === undefined ? undefined : run.steps.at(index);
  if (progress?.status !== 'executing' || progress.attempt !== ended.attempt) return [];
  const draft = new RunDraft(run);
  draft.emit(stepEnd(ended, run));
  advance(draft, ended.at);
  return draft.events;
}

function stepEnd(ended: Ended, run: RunningRun): RunEvent {
  const { step, attempt, outcome, at } = ended;
  const { runId } = run.plan;
  if (ended.cancelled && run.closing?.as === 'cancelled') return StepCancelled({ runId, step, cancelledAt: at });
  if (outcome === 'ERROR' || outcome === 'BLOCKED' || ended.cancelled) {
    const failed = outcome === 'BLOCKED' ? outcome : 'ERROR';
    return StepFailed({
      runId,
      step,
      attempt,
      outcome: failed,
      error: ended.error ?? unexplained(outcome),
      failedAt: at,
    });
  }
  const bytes = ended.output === undefined ? 0 : jsonBytes(ended.output);
  if (bytes > MAX_OUTPUT_BYTES) {
    return StepFailed({ runId, step, attempt, outcome: 'ERROR', error: tooLarge(bytes), failedAt: at });
  }
  return StepCompleted({
    runId,
    step,
    attempt,
    outcome,
    ...(ended.summary === undefined ? {} : { summary: shortened(ended.summary, MAX_SUMMARY) }),
    ...(ended.output === undefined ? {} : { output: ended.output }),
    completedAt: at,
  });
}

function unexplained(outcome: Ended['outcome']): StepError {
  return { code: 'ATTEMPT_FAILED', message: `The attempt ended with ${outcome} and gave no reason.` };
}

function tooLarge(bytes: number): StepError {
  return {
    code: 'OUTPUT_TOO_LARGE',
    message: `The output of the step has ${bytes} bytes; at most ${MAX_OUTPUT_BYTES} can be handed on.`,
    fix: 'Write it to a file and declare that as an artifact.',
  };
}
