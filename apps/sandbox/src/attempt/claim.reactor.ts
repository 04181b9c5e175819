import type { AttemptEvent, RunEvent } from '@runledger/contracts';
import type { RecordedEvent } from '@runledger/event-store';
import type { Reactor } from '@runledger/messaging';
import { placeOf } from './attempt-place.js';
import type { OpenWork } from './open-work.js';

/** What the reactor tells the worker of this process. */
export interface Worker {
  /** There may be something to start or to stop. */
  wake(): void;
  /** The run is over: its sandbox can go. */
  runEnded(workspaceId: string, runId: string): void;
}

const TYPES = [
  'StepReady',
  'AttemptStarted',
  'AttemptResumed',
  'AttemptEnded',
  'RunCancelRequested',
  'RunCompleted',
  'RunFailed',
  'RunRejected',
  'RunCancelled',
] as const;
type WorkEvent = Extract<RunEvent | AttemptEvent, { type: (typeof TYPES)[number] }>;

/**
 * Keeps the table of open work and wakes the worker. It never waits for an attempt: a ready step that no worker has room for
 * stays in the table, whatever happens to this process (R2). Events of one run arrive in order, and again after a crash (R1).
 */
export function claimReactor(work: OpenWork, worker: Worker): Reactor {
  return {
    name: 'sandbox.claim',
    types: TYPES,
    react: async event => {
      await note(work, event);
      worker.wake();
      if (isRunEnd(event.type)) worker.runEnded(event.metadata.workspaceId, event.metadata.correlationId);
    },
  };
}

async function note(work: OpenWork, recorded: RecordedEvent): Promise<void> {
  const { workspaceId } = recorded.metadata;
  const event = { type: recorded.type, data: recorded.data } as WorkEvent;
  switch (event.type) {
    case 'StepReady': {
      const attempt = { workspaceId, readyEventId: recorded.id, place: placeOf(event.data), ready: event.data };
      return work.stepReady(attempt, recorded.position);
    }
    case 'AttemptStarted':
    case 'AttemptResumed':
      return work.claimed(workspaceId, event.data.attemptId, event.data.worker);
    case 'AttemptEnded':
      return work.attemptEnded(workspaceId, event.data.attemptId);
    case 'RunCancelRequested':
      return work.cancelRequested(workspaceId, event.data.runId, event.data.mode);
    case 'RunCompleted':
    case 'RunFailed':
    case 'RunRejected':
    case 'RunCancelled':
      return work.runEnded(workspaceId, event.data.runId);
  }
}

function isRunEnd(type: string): boolean {
  return type === 'RunCompleted' || type === 'RunFailed' || type === 'RunRejected' || type === 'RunCancelled';
}
