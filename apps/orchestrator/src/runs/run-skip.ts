import {
  GateAnswered,
  RunCancelled,
  RunDiscarded,
  StepCancelled,
  StepForceAdvanced,
  type RunEvent,
  type StepDefinition,
} from '@runledger/contracts';
import { advance } from './run-advance.js';
import type { DiscardRun, ForceAdvance, SkipStep } from './run-commands.js';
import { RunDraft } from './run-draft.js';
import { goOnWith } from './run-retry.js';
import { answerKey, isSilent, openSteps, stepOf, type KnownRun, type Run, type StepProgress } from './run-state.js';
import {
  interruptedSteps,
  isKnown,
  notPossible,
  runNotFound,
  stepNotFound,
  stepNotPossible,
  type SteeringRefusal,
} from './run-verbs.js';
import { leaveOut } from './step-ends.js';

type Asked = SkipStep['data'];

/** Leaves out a step that failed, waits or is blocked. At a gate that is a decision like any other (D1). */
export function skipStep(asked: Asked, run: Run): readonly RunEvent[] | SteeringRefusal {
  const found = findStep(run, asked.step);
  if ('rejected' in found) return found;
  const { by, comment, at } = asked;
  const { progress, step } = found;
  if (progress.status === 'waiting') return answerGate(found, asked, 'SKIP');
  const draft = new RunDraft(found.run);
  if (!isHeldUp(progress) || !goOnWith(draft, found.run, { step: step.key, verb: 'SKIP', by, at })) {
    return stepNotPossible(found.run, { key: step.key, status: progress.status }, 'skipped');
  }
  leaveOut(draft, step, { cause: 'person', reason: comment ?? 'Skipped.', by, at });
  advance(draft, at);
  return draft.events;
}

/** Moves the run past any step that does not move by itself; at a gate it is the approval of whoever asks (D1). */
export function forceAdvance(asked: ForceAdvance['data'], run: Run): readonly RunEvent[] | SteeringRefusal {
  const found = findStep(run, asked.step);
  if ('rejected' in found) return found;
  const { by, comment, at } = asked;
  const { progress, step } = found;
  if (progress.status === 'waiting') return answerGate(found, asked, 'FORCE_ADVANCE');
  const from = isSilent(progress) ? 'BLOCKED' : STUCK[progress.status];
  const draft = new RunDraft(found.run);
  const handled = progress.status === 'failed' && progress.handled;
  if (!from || handled || !goOnWith(draft, found.run, { step: step.key, verb: 'FORCE_ADVANCE', by, at })) {
    return stepNotPossible(found.run, { key: step.key, status: progress.status }, 'advanced by force');
  }
  const remark = comment === undefined ? {} : { comment };
  const { runId } = found.run.plan;
  draft.emit(StepForceAdvanced({ runId, step: step.key, from, by, ...remark, advancedAt: at }));
  leaveOut(draft, step, { cause: 'person', reason: comment ?? 'Advanced by force.', by, at });
  advance(draft, at);
  return draft.events;
}

/** Puts a run away for good. One whose workers are gone is cancelled with it. */
export function discardRun({ by, reason, at }: DiscardRun['data'], run: Run): readonly RunEvent[] | SteeringRefusal {
  if (!isKnown(run)) return runNotFound();
  const { runId } = run.plan;
  const why = reason === undefined ? {} : { reason };
  const discarded = RunDiscarded({ runId, by, ...why, discardedAt: at });
  if (run.status === 'ended') {
    if (run.discarded) return [];
    return run.as === 'failed' || run.as === 'cancelled' ? [discarded] : notPossible(run, 'discarded');
  }
  const gone = interruptedSteps(run);
  if (run.closing || gone.length === 0 || gone.length < openSteps(run) - run.counts.pending) {
    return notPossible(run, 'discarded');
  }
  const unconfirmed = gone.flatMap(index => run.plan.steps[index]?.key ?? []);
  return [
    ...unconfirmed.map(step => StepCancelled({ runId, step, cancelledAt: at })),
    RunCancelled({ runId, by, unconfirmed, cancelledAt: at }),
    discarded,
  ];
}

const STUCK = {
  executing: 'EXECUTING',
  retrying: 'PENDING',
  blocked: 'BLOCKED',
  failed: 'FAILED',
  pending: undefined,
  waiting: undefined,
  completed: undefined,
  skipped: undefined,
  cancelled: undefined,
} as const;

function isHeldUp(step: StepProgress): boolean {
  if (step.status === 'blocked' || step.status === 'retrying') return true;
  return isSilent(step) || (step.status === 'failed' && !step.handled);
}

interface FoundStep {
  readonly run: KnownRun;
  readonly step: StepDefinition;
  readonly progress: StepProgress;
}

function findStep(run: Run, key: string): FoundStep | SteeringRefusal {
  if (!isKnown(run)) return runNotFound();
  const progress = stepOf(run, key);
  const step = run.plan.steps[run.plan.indexOf.get(key) ?? -1];
  return step && progress ? { run, step, progress } : stepNotFound(key);
}

/**
 * The step goes on waiting until the approval service has recorded the decision. Asking twice asks once; a skip is one
 * member's vote, which the gate's policy may not count, so that others can skip as well, and force still helps.
 */
function answerGate(
  { run, step, progress }: FoundStep,
  { by, comment, at }: Asked,
  verb: 'SKIP' | 'FORCE_ADVANCE',
): readonly RunEvent[] | SteeringRefusal {
  if (progress.status !== 'waiting' || run.status !== 'running') {
    return stepNotPossible(run, { key: step.key, status: progress.status }, 'advanced');
  }
  if (['FORCE_ADVANCE', answerKey({ verb, by })].some(key => progress.answered.includes(key))) return [];
  const { gateId } = progress;
  const place = { runId: run.plan.runId, step: step.key, gateId };
  const remark = { by, ...(comment === undefined ? {} : { comment }) };
  const decision = verb === 'SKIP' ? 'SKIP' : 'APPROVE';
  const answered = GateAnswered({ ...place, verb, decision, ...remark, answeredAt: at });
  if (verb === 'SKIP') return [answered];
  return [StepForceAdvanced({ ...place, from: 'WAITING', ...remark, advancedAt: at }), answered];
}
