import type { ApprovalEvent, AttemptEvent, RunEvent } from '@runledger/contracts';
import type { RecordedEvent } from '@runledger/event-store';
import { attemptId } from '@runledger/kernel';
import type { Reactor } from '@runledger/messaging';
import type { Offer } from './attempt-worker.js';
import { placeOf } from './attempt-place.js';
import type { HeldRuns } from './held-runs.js';
import type { OpenAttempt, OpenWork, RunHome } from './open-work.js';
import type { ParkedRuns } from './parked-runs.js';

/** Who does the work: the worker of this process, or those of others. */
export interface Hands {
  /** Of the worker of this process. */
  readonly name: string;
  /** Room for a run without a home, when there is some here. */
  offer(): Offer;
  /** There may be something to start or to stop for whoever has the run. */
  workFor(home: RunHome): void;
  /** A run is over, or waits at a gate with nobody watching: its sandbox can go. */
  endedAt(home: RunHome): void;
}

const TYPES = [
  'StepReady',
  'AttemptStarted',
  'AttemptResumed',
  'AttemptEnded',
  'ApprovalDecided',
  'ApprovalWithdrawn',
  'GateReached',
  'GateResolved',
  'RunPaused',
  'RunResumed',
  'RunReopened',
  'StepSkipped',
  'StepBlocked',
  'RunCancelRequested',
  'RunCompleted',
  'RunFailed',
  'RunRejected',
  'RunCancelled',
] as const;
type Ready = Extract<RunEvent, { type: 'StepReady' }>['data'];
type WorkEvent = Extract<RunEvent | AttemptEvent | ApprovalEvent, { type: (typeof TYPES)[number] }>;

/**
 * Keeps the table of open work and tells whoever is concerned. It never waits for an attempt: a ready step that no worker has
 * room for stays in the table, whatever happens to this process (R2). Events of one run arrive in order, and again after a
 * crash (R1).
 */
export function claimReactor(tables: ClaimTables, hands: Hands): Reactor {
  return {
    name: 'sandbox.claim',
    types: TYPES,
    // Functions are called by the orchestrator.
    concerns: ({ type, data }) => type !== 'StepReady' || (data as Ready).function === undefined,
    react: event => note(tables, hands, event),
  };
}

export interface ClaimTables {
  readonly work: OpenWork;
  readonly held: HeldRuns;
  readonly parked: ParkedRuns;
}

async function note({ work, held, parked }: ClaimTables, hands: Hands, recorded: RecordedEvent): Promise<void> {
  const { workspaceId } = recorded.metadata;
  const { position } = recorded;
  const event = { type: recorded.type, data: recorded.data } as WorkEvent;
  switch (event.type) {
    case 'StepReady':
      return noteReady(work, hands, recorded);
    case 'AttemptStarted':
    case 'AttemptResumed':
      return work.claimed(workspaceId, event.data.attemptId, event.data.worker);
    case 'AttemptEnded':
      return work.attemptEnded(workspaceId, event.data.attemptId);
    case 'ApprovalDecided':
    case 'ApprovalWithdrawn':
      return noteAnswer(work, hands, workspaceId, event);
    case 'GateReached':
      if (event.data.execution !== 'BACKGROUND') return;
      return hands.endedAt(await parked.parked({ workspaceId, runId: event.data.runId, position }));
    case 'GateResolved':
      return parked.goesOn({ workspaceId, runId: event.data.runId, position });
    case 'RunPaused':
    case 'RunResumed':
    case 'RunReopened':
    case 'StepSkipped':
    case 'StepBlocked':
      // Who is merely silent may still be at work.
      if (event.type === 'StepBlocked' && event.data.cause.kind === 'SILENT') return;
      return hands.workFor(await noteHold(held, event, { workspaceId, runId: event.data.runId, position }));
    case 'RunCancelRequested': {
      const { runId, mode } = event.data;
      return hands.workFor(await work.cancelRequested(workspaceId, runId, { mode, position }));
    }
    case 'RunCompleted':
    case 'RunFailed':
    case 'RunRejected':
    case 'RunCancelled':
      return hands.endedAt(await work.runEnded(workspaceId, event.data.runId, position));
  }
}

/** Someone steered a run whose attempts are under way. */
function noteHold(
  held: HeldRuns,
  event: Extract<WorkEvent, { type: 'RunPaused' | 'RunResumed' | 'RunReopened' | 'StepSkipped' | 'StepBlocked' }>,
  run: Parameters<HeldRuns['paused']>[0],
): Promise<RunHome> {
  switch (event.type) {
    case 'RunPaused':
      return held.paused(run);
    case 'RunResumed':
    case 'RunReopened':
      return held.goesOn(run);
    case 'StepBlocked':
      return held.without(run, [event.data.step]);
    case 'StepSkipped':
      return held.without(run, [event.data.step, ...(event.data.others ?? [])]);
  }
}

/** What agents asked is answered, or moot; gates are not this service's affair. */
async function noteAnswer(
  work: OpenWork,
  hands: Hands,
  workspaceId: string,
  event: Extract<ApprovalEvent, { type: 'ApprovalDecided' | 'ApprovalWithdrawn' }>,
): Promise<void> {
  const { runId, calls } = event.data;
  if (calls.length === 0) return;
  if (event.type === 'ApprovalWithdrawn') {
    const attemptIds = calls.map(({ step, attempt }) => attemptId(runId, step, attempt));
    return hands.workFor(await work.withdrawn(workspaceId, runId, attemptIds));
  }
  const { requestId, decision, by, comment, answer } = event.data;
  const said = { ...(comment === undefined ? {} : { comment }), ...(answer === undefined ? {} : { answer }) };
  const heard = { callIds: calls.map(({ callId }) => callId), answer: { requestId, decision, by, ...said } };
  hands.workFor(await work.answered(workspaceId, runId, heard));
}

async function noteReady(work: OpenWork, hands: Hands, recorded: RecordedEvent): Promise<void> {
  const { workspaceId } = recorded.metadata;
  const ready = recorded.data as Ready;
  const attempt = { workspaceId, readyEventId: recorded.id, place: placeOf(ready), ready };
  const offer = hands.offer();
  let here: OpenAttempt | undefined;
  try {
    const { home, filesAt, isNew, holds } = await work.stepReady(attempt, recorded.position, offer.host);
    if (holds) hands.endedAt(home);
    else if (isNew && home === hands.name) here = { ...attempt, filesAt, cancel: undefined };
    else hands.workFor(home);
  } finally {
    offer.settle(here);
  }
}
