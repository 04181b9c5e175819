import type { AttemptEvent, RunEvent } from '@runledger/contracts';
import type { EventStore, Position } from '@runledger/event-store';
import { START } from '@runledger/event-store';

const TYPES = [
  'RunStarted',
  'RunReopened',
  'GateResolved',
  'AttemptStarted',
  'AttemptEnded',
  'WorkspaceSnapshotTaken',
  'WorkspaceSnapshotFailed',
] as const;

/** What of a run says which files there were when, in the order of the log. */
export type PastEvent = Extract<RunEvent | AttemptEvent, { type: (typeof TYPES)[number] }>;

const PAGE = 1_000;

/** Of a run that does not exist: nothing. */
export async function readPast(store: EventStore, tenant: string, runId: string): Promise<PastEvent[]> {
  const past: PastEvent[] = [];
  for (let after: Position = START; ;) {
    const slice = await store.readAll({ tenant, correlationId: runId, types: [...TYPES], after, limit: PAGE });
    past.push(...slice.events.map(({ type, data }) => ({ type, data }) as PastEvent));
    if (slice.caughtUp) return past;
    after = slice.scannedTo;
  }
}
