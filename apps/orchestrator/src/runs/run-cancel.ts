import { RunCancelled, RunCancelRequested, StepCancelled, type RunEvent } from '@runledger/contracts';
import { reject, type Rejection } from '@runledger/kernel';
import { ORCHESTRATOR } from './orchestrator-actor.js';
import { advance } from './run-advance.js';
import type { EnforceCancel, RequestCancel } from './run-commands.js';
import { RunDraft } from './run-draft.js';
import type { Run, RunningRun } from './run-state.js';

export type CancelRefusal = Rejection<'RUN_NOT_FOUND' | 'RUN_ENDED'>;

/** How long the sandbox may take to confirm: gracefully it first lets programs clean up, by force it kills at once. */
const STOP_WITHIN_MS = { GRACEFUL: 120_000, FORCE: 30_000 } as const;
/** Of so many steps the end is written down one by one; the others are cancelled by the end of their run. */
const MAX_CANCELLED = 900;

/**
 * Asks for the end of a run. What has not begun is cancelled at once; what executes is stopped by its sandbox, which ends
 * the attempt, and the run is cancelled with the last of them.
 */
export function requestCancel(asked: RequestCancel['data'], run: Run): readonly RunEvent[] | CancelRefusal {
  if (run.status === 'absent' || run.status === 'declined')
    return reject('RUN_NOT_FOUND', 'There is no such run.', { fix: 'Look at the list of runs.' });
  if (run.status === 'ended')
    return reject('RUN_ENDED', `The run is over (${run.as}); there is nothing to cancel.`, {
      fix: 'Look at the run: it says what may be done with it.',
    });
  const { mode, by, at } = asked;
  const earlier = run.closing?.as === 'cancelled' ? run.closing.mode : undefined;
  if (earlier === 'FORCE' || earlier === mode) return [];
  return requested(run, mode, by, at);
}

/**
 * The sandbox has had its time. Programs that were asked to stop are killed; what was to be killed and was not confirmed is
 * given up: the run is cancelled, and whatever such an attempt still says counts for nothing.
 */
export function enforceCancel({ at }: EnforceCancel['data'], run: Run): readonly RunEvent[] {
  if (run.status !== 'running' || run.closing?.as !== 'cancelled') return [];
  const { mode, stopBy, by } = run.closing;
  if (stopBy !== undefined && Date.parse(at) < Date.parse(stopBy)) return [];
  if (mode === 'GRACEFUL') return requested(run, 'FORCE', ORCHESTRATOR, at);
  const { runId, steps } = run.plan;
  const unconfirmed = run.steps
    .indexesOf(step => step.status === 'executing')
    .flatMap(index => steps[index]?.key ?? [])
    .slice(0, MAX_CANCELLED);
  return [
    ...unconfirmed.map(step => StepCancelled({ runId, step, cancelledAt: at })),
    RunCancelled({ runId, by, unconfirmed, cancelledAt: at }),
  ];
}

function requested(
  run: RunningRun,
  mode: 'GRACEFUL' | 'FORCE',
  by: RequestCancel['data']['by'],
  at: string,
): RunEvent[] {
  const draft = new RunDraft(run);
  const { runId } = run.plan;
  const stopBy = new Date(Date.parse(at) + STOP_WITHIN_MS[mode]).toISOString();
  const deadline = run.counts.executing > 0 ? { stopBy } : {};
  draft.emit(RunCancelRequested({ runId, mode, by, ...deadline, requestedAt: at }));
  advance(draft, at);
  return draft.events;
}
