import { RunCancelRequested, type RunEvent } from '@runledger/contracts';
import { reject, type Rejection } from '@runledger/kernel';
import { advance } from './run-advance.js';
import type { RequestCancel } from './run-commands.js';
import { RunDraft } from './run-draft.js';
import type { Run } from './run-state.js';

export type CancelRefusal = Rejection<'RUN_NOT_FOUND' | 'RUN_ENDED'>;

/**
 * Asks for the end of a run. What has not begun is cancelled at once; what executes is stopped by its sandbox, which ends
 * the attempt, and the run is cancelled with the last of them.
 */
export function requestCancel(asked: RequestCancel['data'], run: Run): readonly RunEvent[] | CancelRefusal {
  if (run.status === 'absent' || run.status === 'declined') return reject('RUN_NOT_FOUND', 'There is no such run.');
  if (run.status === 'ended') return reject('RUN_ENDED', `The run is over (${run.as}); there is nothing to cancel.`);
  const { mode, by, at } = asked;
  const earlier = run.closing?.as === 'cancelled' ? run.closing.mode : undefined;
  if (earlier === 'FORCE' || earlier === mode) return [];
  const draft = new RunDraft(run);
  draft.emit(RunCancelRequested({ runId: run.plan.runId, mode, by, requestedAt: at }));
  advance(draft, at);
  return draft.events;
}
