import { SNAPSHOTS_DAYS, type FileRetention, type RunEvent } from '@runledger/contracts';
import { START, type EventStore, type RecordedEvent } from '@runledger/event-store';
import type { Reactor } from '@runledger/messaging';
import type { NewTimer, Timers } from '@runledger/timers';

export const ARTIFACTS_TIMER = 'expire-artifacts';
export const SNAPSHOTS_TIMER = 'expire-snapshots';
const DAY_MS = 86_400_000;
const TYPES = ['RunCompleted', 'RunFailed', 'RunRejected', 'RunCancelled', 'RunReopened'] as const;
type Concerned = Extract<RunEvent, { type: (typeof TYPES)[number] }>;

/** Sets, at the end of a run, when its files expire; a run that goes on keeps them. Doing it again sets the same timers (R1). */
export function fileRetention(store: EventStore, timers: Timers): Reactor {
  return {
    name: 'sandbox.file-retention',
    types: TYPES,
    react: async recorded => {
      const { type, data } = recorded as unknown as Concerned;
      const { runId } = data;
      if (type === 'RunReopened') {
        for (const kind of [ARTIFACTS_TIMER, SNAPSHOTS_TIMER])
          await timers.cancel(timerName(kind, recorded.tenant, runId));
        return;
      }
      const { artifactsDays, snapshotsDays = SNAPSHOTS_DAYS } = await retentionOf(store, recorded.tenant, runId);
      await timers.set(expiry(ARTIFACTS_TIMER, recorded, { runId, days: artifactsDays }));
      await timers.set(expiry(SNAPSHOTS_TIMER, recorded, { runId, days: snapshotsDays }));
    },
  };
}

function expiry(
  kind: string,
  { tenant, metadata }: RecordedEvent,
  { runId, days }: { readonly runId: string; readonly days: number },
): NewTimer {
  const dueAt = new Date(Date.parse(metadata.occurredAt) + days * DAY_MS).toISOString();
  return { name: timerName(kind, tenant, runId), kind, tenant, payload: { runId }, dueAt };
}

function timerName(kind: string, tenant: string, runId: string): string {
  return `${kind}:${tenant}/${runId}`;
}

const DEFAULT_RETENTION: FileRetention = { artifactsDays: 30 };

async function retentionOf(store: EventStore, tenant: string, runId: string): Promise<FileRetention> {
  for (let after = START; ;) {
    const filter = { tenant, correlationId: runId, types: ['RunStarted'] };
    const slice = await store.readAll({ ...filter, after, limit: 1 });
    const [started] = slice.events as unknown as readonly Extract<RunEvent, { type: 'RunStarted' }>[];
    if (started) return started.data.retention ?? DEFAULT_RETENTION;
    if (slice.caughtUp) return DEFAULT_RETENTION;
    after = slice.scannedTo;
  }
}
