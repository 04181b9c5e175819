import { ArtifactExpired, WorkspaceSnapshotsExpired, WorkspaceSnapshotTaken } from '@runledger/contracts';
import type { EventOf } from '@runledger/kernel';
import { defineRows } from '@runledger/projections';

/** How workspaces were between steps. */
export const snapshotsProjection = defineRows<EventOf<readonly [typeof WorkspaceSnapshotTaken]>>({
  name: 'workspace-snapshots',
  version: 1,
  // One row for each event, which nothing changes.
  partitioned: true,
  table: 'workspace_snapshots',
  uniqueBy: ['workspace_id', 'attempt_id', 'moment'],
  types: [WorkspaceSnapshotTaken.type],
  rows: ({ tenant, position, data }) => [
    {
      workspace_id: tenant,
      attempt_id: data.attemptId,
      moment: data.moment,
      run_id: data.runId,
      step: data.step,
      attempt: data.attempt,
      root: data.root.sha256,
      files: data.files,
      bytes: data.bytes,
      new_bytes: data.newBytes,
      taken_at: data.at,
      position,
    },
  ],
});

/** Which files of runs are not kept any more. */
export const expiredFilesProjection = defineRows<
  EventOf<readonly [typeof ArtifactExpired, typeof WorkspaceSnapshotsExpired]>
>({
  name: 'expired-files',
  version: 1,
  partitioned: true,
  table: 'expired_files',
  uniqueBy: ['workspace_id', 'key'],
  types: [ArtifactExpired.type, WorkspaceSnapshotsExpired.type],
  rows: ({ tenant, position, data }) => [
    {
      workspace_id: tenant,
      key: 'artifactId' in data ? data.artifactId : data.runId,
      run_id: data.runId,
      expired_at: data.expiredAt,
      position,
    },
  ],
});
