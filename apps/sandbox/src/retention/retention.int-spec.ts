import { ArtifactStored, RunCompleted, RunReopened, RunStarted, WorkspaceSnapshotTaken } from '@runledger/contracts';
import { newUuid, type RecordedEvent } from '@runledger/event-store';
import { attemptId, streamOf, type DomainEvent } from '@runledger/kernel';
import { MemoryTimers } from '@runledger/timers';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ground, newRunId } from '../attempt/ground.fixture.js';
import { takeSnapshot } from '../snapshot/take-snapshot.js';
import { sweepBlobs } from './blob-sweeper.js';
import { expiryTimers } from './expired-files.js';
import { fileRetention } from './retention.reactor.js';

const DAY_MS = 86_400_000;
const WORKSPACE = 'ws_test';
const by = { kind: 'member', id: 'mem_1' } as const;
const AT = '2026-01-01T00:00:00.000Z';

describe('the files of runs that have ended', () => {
  let ground: Ground;
  let timers: MemoryTimers;
  let made = 0;

  beforeAll(async () => {
    ground = await Ground.make();
  });
  afterAll(() => ground.giveBack());
  beforeEach(async () => {
    timers = new MemoryTimers({ now: AT });
    await timers.start(expiryTimers(ground.store, ground.commands));
  });

  const artifacts = () => ground.blobs.area('artifacts');
  const snapshots = () => ground.blobs.area('snapshots');
  const tell = async (stream: string, runId: string, event: DomainEvent) => {
    const metadata = { correlationId: runId, causationId: runId, actor: by, workspaceId: WORKSPACE, occurredAt: AT };
    const { type, data } = event;
    const recorded = [{ id: newUuid(), type, data, metadata: { ...metadata, schemaVersion: 1 } }];
    await ground.store.append({ tenant: WORKSPACE, name: stream }, recorded, 'any');
    const told = { type, data, tenant: WORKSPACE, metadata } as unknown as RecordedEvent;
    if (type.startsWith('Run')) await fileRetention(ground.store, timers).react(told);
  };
  /** A run of a flow with this retention, that has kept one file and one snapshot of its workspace. */
  const run = async (content: string, retention: object = { artifactsDays: 3, snapshotsDays: 1 }) => {
    const runId = newRunId();
    const place = { attemptId: attemptId(runId, 'a', 1), runId, step: 'a', attempt: 1 };
    await ground.publish(
      runId,
      RunStarted({
        ...{ runId, flowId: 'flw_1', flowSlug: 'f', flowName: 'F', flowVersion: 1, flowHash: 'h', steps: [] },
        ...{ parameters: {}, startedBy: by, trigger: { kind: 'manual' }, requestHash: 'h', startedAt: AT },
        choices: { profile: 'test', execution: 'INTERACTIVE', checkpointMode: 'TEMPLATE' },
        retention: retention as { artifactsDays: number },
      }),
    );
    const directory = join(ground.directory, `kept-${(made += 1)}`);
    const files = { workspace: join(directory, 'workspace'), home: join(directory, 'home'), uid: undefined };
    [files.workspace, files.home].forEach(path => mkdirSync(path, { recursive: true }));
    writeFileSync(join(files.workspace, 'a.txt'), content);
    const { known, leftOut: _none, ...taken } = await takeSnapshot(files, { blobs: snapshots(), known: undefined });
    const blob = await artifacts().put(Buffer.from(content));
    const file = { artifactId: `art_${runId.slice(4)}`, path: 'a.txt', mediaType: 'text/plain', blob };
    const stream = streamOf('attempt', place.attemptId);
    await tell(stream, runId, ArtifactStored({ ...place, ...file, at: AT }));
    await tell(stream, runId, WorkspaceSnapshotTaken({ ...place, moment: 'after', ...taken, at: AT }));
    const pack = [...known.pieces.values()][0]?.pack ?? '';
    return { runId, blob: blob.sha256, root: taken.root.sha256, pack };
  };
  const end = (runId: string) => tell(`run-${runId.slice(4)}`, runId, RunCompleted({ runId, completedAt: AT }));
  const expired = async (runId: string) => {
    const { events } = await ground.store.readStream({ tenant: WORKSPACE, name: `files-${runId.slice(4)}` }, {});
    return events.map(({ type }) => type);
  };
  /** As if all that is there had been stored long ago. */
  const sweep = () => sweepBlobs(ground.store, ground.blobs, -60_000);

  it('expire as long after its end as its flow says, and their content goes with the next sweep', async () => {
    const { runId, blob, root, pack } = await run('one');
    await timers.advance(100 * DAY_MS); // a run that is open keeps everything
    expect(await expired(runId)).toEqual([]);
    await end(runId);
    await timers.advance(1);
    expect(await expired(runId)).toEqual(['WorkspaceSnapshotsExpired', 'ArtifactExpired']);
    await end(runId); // the event comes again (R1)
    await timers.advance(1);
    expect(await expired(runId)).toHaveLength(2);
    await sweep();
    expect(await Promise.all([artifacts().has(blob), snapshots().has(root), snapshots().has(pack)])).toEqual([
      false,
      false,
      false,
    ]);
  });

  it('stay as long as another run needs the same content', async () => {
    const [first, second] = [await run('shared'), await run('shared', { artifactsDays: 300, snapshotsDays: 300 })];
    expect(second).toMatchObject({ blob: first.blob, pack: first.pack });
    await end(first.runId);
    await end(second.runId);
    await timers.advance(30 * DAY_MS);
    expect(await expired(first.runId)).toHaveLength(2);
    await sweep();
    expect(await Promise.all([artifacts().has(second.blob), snapshots().has(second.pack)])).toEqual([true, true]);
    await timers.advance(300 * DAY_MS);
    const { artifacts: swept } = await sweep();
    expect(swept.removed).toBeGreaterThan(0);
    expect(await artifacts().has(second.blob)).toBe(false);
  });

  it('stay when the run goes on after its end, until it ends again', async () => {
    const { runId } = await run('again');
    await end(runId);
    const reopened = RunReopened({ runId, verb: 'RETRY', from: 'FAILED', scope: 'REMAINING', by, reopenedAt: AT });
    await tell(`run-${runId.slice(4)}`, runId, reopened);
    await timers.advance(30 * DAY_MS);
    expect(await expired(runId)).toEqual([]);
  });

  it('are not touched by a sweep while they are young, whether or not anything refers to them yet', async () => {
    const { sha256 } = await artifacts().put(Buffer.from('not yet on the log'));
    await sweepBlobs(ground.store, ground.blobs);
    expect(await artifacts().has(sha256)).toBe(true);
  });
});
