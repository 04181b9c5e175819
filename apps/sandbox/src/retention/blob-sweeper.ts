import type { AttemptEvent, KeptFilesEvent } from '@runledger/contracts';
import { START, type EventStore, type RecordedEvent } from '@runledger/event-store';
import type { BlobStores, SweepReport, SweptBlobStore } from '@runledger/platform';
import { buffer } from 'node:stream/consumers';
import { packsOf } from '../snapshot/snapshot-format.js';

/** A blob that was stored or kept so recently may be of an event that is not on the log yet. */
const GRACE_MS = 86_400_000;

type Told = Extract<
  AttemptEvent | KeptFilesEvent,
  { type: 'ArtifactStored' | 'ArtifactExpired' | 'WorkspaceSnapshotTaken' | 'WorkspaceSnapshotsExpired' }
>;

export interface SweptAreas {
  readonly artifacts: SweepReport;
  readonly snapshots: SweepReport;
}

/**
 * Removes the content of files that no run keeps any more. What is needed is read off the log and nothing else; what was
 * stored while that was read is younger than the sweep may touch, so that nobody has to stop writing meanwhile. Content
 * that several runs share goes when the last of them lets go of it.
 */
export async function sweepBlobs(store: EventStore, blobs: BlobStores, graceMs = GRACE_MS): Promise<SweptAreas> {
  const unusedSince = new Date(Date.now() - graceMs);
  const needed = await neededBlobs(store, blobs.area('snapshots'));
  const artifacts = await blobs
    .area('artifacts')
    .sweep({ unusedSince, isNeeded: sha256 => needed.artifacts.has(sha256) });
  const snapshots = await blobs
    .area('snapshots')
    .sweep({ unusedSince, isNeeded: sha256 => needed.snapshots.has(sha256) });
  return { artifacts, snapshots };
}

async function neededBlobs(store: EventStore, lists: SweptBlobStore) {
  const artifacts = new Map<string, string>();
  const roots = new Map<string, Set<string>>();
  for await (const { tenant, ...recorded } of keptAndExpired(store)) {
    const event = recorded as unknown as Told;
    const runKey = `${tenant}/${event.data.runId}`;
    switch (event.type) {
      case 'ArtifactStored':
        artifacts.set(`${tenant}/${event.data.artifactId}`, event.data.blob.sha256);
        break;
      case 'ArtifactExpired':
        artifacts.delete(`${tenant}/${event.data.artifactId}`);
        break;
      case 'WorkspaceSnapshotTaken':
        roots.set(runKey, (roots.get(runKey) ?? new Set()).add(event.data.root.sha256));
        break;
      case 'WorkspaceSnapshotsExpired':
        roots.delete(runKey);
    }
  }
  const live = new Set([...roots.values()].flatMap(of => [...of]));
  return { artifacts: new Set(artifacts.values()), snapshots: await withPacks(live, lists) };
}

async function* keptAndExpired(store: EventStore): AsyncGenerator<RecordedEvent> {
  const types = ['ArtifactStored', 'ArtifactExpired', 'WorkspaceSnapshotTaken', 'WorkspaceSnapshotsExpired'];
  for (let after = START; ;) {
    const slice = await store.readAll({ types, after });
    yield* slice.events;
    if (slice.caughtUp) return;
    after = slice.scannedTo;
  }
}

/** A list that cannot be read ends the sweep: what it needs would be taken for unneeded. One that is gone needs nothing. */
async function withPacks(roots: ReadonlySet<string>, lists: SweptBlobStore): Promise<Set<string>> {
  const needed = new Set(roots);
  for (const root of roots) {
    if (!(await lists.has(root))) continue;
    for (const pack of packsOf(await buffer(await lists.get(root)))) needed.add(pack);
  }
  return needed;
}
