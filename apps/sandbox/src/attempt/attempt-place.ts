import type { StepReady } from '@runledger/contracts';
import { attemptId, streamOf } from '@runledger/kernel';

export type ReadyStep = ReturnType<typeof StepReady>['data'];

/** What every event of an attempt names. */
export interface AttemptPlace {
  readonly attemptId: string;
  readonly runId: string;
  readonly step: string;
  readonly attempt: number;
  /** Of entries: the sub-agent that they are of. */
  readonly agent?: string;
}

/** A ready step with the workspace that it belongs to and the event that made it ready. */
export interface ReadyAttempt {
  readonly workspaceId: string;
  readonly readyEventId: string;
  readonly place: AttemptPlace;
  readonly ready: ReadyStep;
  /** The call with which it waited for people, if it did. */
  readonly waitedFor?: string | undefined;
}

export function placeOf(ready: ReadyStep): AttemptPlace {
  const { runId, step, attempt } = ready;
  return { attemptId: attemptId(runId, step, attempt), runId, step, attempt };
}

/** Ids of the step's attempts before this one: so that a run with thousands of ready steps is not searched for them. */
export function earlierAttempts({ runId, step, attempt }: AttemptPlace): string[] {
  return Array.from({ length: attempt - 1 }, (_, index) => attemptId(runId, step, index + 1));
}

export function attemptStream(place: AttemptPlace): string {
  return streamOf('attempt', place.attemptId);
}

/** Run ids are unique within a workspace only; this names a run on the whole platform. */
export function runKey(workspaceId: string, runId: string): string {
  return `${workspaceId}/${runId}`;
}
