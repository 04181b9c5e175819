import { ArtifactExpired, WorkspaceSnapshotsExpired } from '@runledger/contracts';
import { specify } from '@runledger/testing';
import { keptFiles } from './kept-files.decider.js';

const given = specify(keptFiles);
const file = (artifactId: string) => ({
  ...{ artifactId, runId: 'run_1', step: 'build', attempt: 1, path: `${artifactId}.txt` },
  ...{ blob: { sha256: 'a'.repeat(64), bytes: 1 }, expiredAt: '2026-12-21T09:00:00.000Z' },
});
const expire = (...ids: string[]) => ({ type: 'ExpireArtifacts' as const, artifacts: ids.map(file) });
const gone = (id: string) => ArtifactExpired(file(id));
const data = { runId: 'run_1', expiredAt: '2026-12-21T09:00:00.000Z' };

describe('the files that a run kept', () => {
  it('expire once each, however often their time is over (R1)', () => {
    given().when(expire('art_a', 'art_b')).thenEmits(gone('art_a'), gone('art_b'));
    given(gone('art_a')).when(expire('art_a', 'art_b')).thenEmits(gone('art_b'));
    given(gone('art_a'), gone('art_b')).when(expire('art_a', 'art_b')).thenNothing();
  });

  it('have snapshots of the workspace beside them, which expire on their own, and once', () => {
    const snapshots = { type: 'ExpireSnapshots' as const, data };
    given(gone('art_a')).when(snapshots).thenEmits(WorkspaceSnapshotsExpired(data));
    given(WorkspaceSnapshotsExpired(data), gone('art_a')).when(snapshots).thenNothing();
    given(WorkspaceSnapshotsExpired(data)).when(expire('art_a')).thenEmits(gone('art_a'));
  });
});
