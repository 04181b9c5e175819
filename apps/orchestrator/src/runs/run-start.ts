import { RunDeclined, RunStarted, type RunEvent } from '@runledger/contracts';
import { reject, type Rejection } from '@runledger/kernel';
import { advance } from './run-advance.js';
import type { DeclineRun, StartRun } from './run-commands.js';
import { RunDraft } from './run-draft.js';
import type { Run } from './run-state.js';
import { waitForTurn } from './run-turns.js';
import { takeRoutesAgain } from './step-routes.js';

export type StartRefusal = Rejection<'IDEMPOTENCY_KEY_REUSED'>;

/** A run begins with the steps that need nothing. The same request again is the same run; another one is refused. */
export function startRun(data: StartRun['data'], run: Run): readonly RunEvent[] | StartRefusal {
  switch (run.status) {
    case 'absent':
      break;
    case 'declined':
      return keyReused();
    case 'running':
    case 'ended':
      return run.requestHash === data.requestHash ? [] : keyReused();
  }
  const draft = new RunDraft(run);
  draft.emit(RunStarted(data));
  waitForTurn(draft, data.startedAt);
  if (data.inherited) takeRoutesAgain(draft, data.startedAt);
  advance(draft, data.startedAt);
  return draft.events;
}

/** A decline stands alone in its stream. */
export function declineRun(data: DeclineRun['data'], run: Run): readonly RunEvent[] {
  return run.status === 'absent' ? [RunDeclined(data)] : [];
}

export function keyReused(): StartRefusal {
  return reject('IDEMPOTENCY_KEY_REUSED', 'This idempotency key has started another run, with other particulars.', {
    fix: 'Use a new key for a new request.',
  });
}
