import type { AttemptEvent } from '@runledger/contracts';
import { START, type CommandHandler, type EventStore } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';
import { defineTimer, firingContext, type Firing, type TimerKind } from '@runledger/timers';
import { keptFiles, type KeptFilesCommand } from './kept-files.decider.js';
import { ARTIFACTS_TIMER, SNAPSHOTS_TIMER } from './retention.reactor.js';

type Stored = Extract<AttemptEvent, { type: 'ArtifactStored' }>['data'];
const SANDBOX = { kind: 'service', id: 'sandbox' } as const;
/** So many fit into one append. */
const AT_ONCE = 200;

/** Says of the files of an ended run that their time is over. Their content goes with the next sweep. */
export function expiryTimers(store: EventStore, handler: CommandHandler): readonly TimerKind[] {
  const send = async (firing: Firing, command: KeptFilesCommand, index: number): Promise<void> => {
    const { runId } = firing.payload as { readonly runId: string };
    const context = firingContext(firing, { actor: SANDBOX, correlationId: runId, index });
    await handler.handle(keptFiles, streamOf('files', runId), command, context);
  };
  return [
    defineTimer(ARTIFACTS_TIMER, async firing => {
      const { runId } = firing.payload as { readonly runId: string };
      const all = (await storedBy(store, firing.tenant, runId)).map(({ step, attempt, artifactId, path, blob }) => ({
        ...{ runId, step, attempt, artifactId, path, blob },
        expiredAt: firing.dueAt,
      }));
      for (let from = 0; from < all.length; from += AT_ONCE) {
        await send(firing, { type: 'ExpireArtifacts', artifacts: all.slice(from, from + AT_ONCE) }, from / AT_ONCE);
      }
    }),
    defineTimer(SNAPSHOTS_TIMER, firing => {
      const { runId } = firing.payload as { readonly runId: string };
      return send(firing, { type: 'ExpireSnapshots', data: { runId, expiredAt: firing.dueAt } }, 0);
    }),
  ];
}

async function storedBy(store: EventStore, tenant: string, runId: string): Promise<Stored[]> {
  const stored: Stored[] = [];
  for (let after = START; ;) {
    const slice = await store.readAll({ tenant, correlationId: runId, types: ['ArtifactStored'], after });
    stored.push(...slice.events.map(event => event.data as Stored));
    if (slice.caughtUp) return stored;
    after = slice.scannedTo;
  }
}
