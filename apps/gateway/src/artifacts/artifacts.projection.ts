import { ArtifactStored } from '@runledger/contracts';
import type { EventOf } from '@runledger/kernel';
import { defineRows } from '@runledger/projections';

/** Which files runs have kept. */
export const artifactsProjection = defineRows<EventOf<readonly [typeof ArtifactStored]>>({
  name: 'artifacts',
  version: 1,
  // One row for each event, which nothing changes.
  partitioned: true,
  table: 'artifacts',
  uniqueBy: ['workspace_id', 'artifact_id'],
  types: [ArtifactStored.type],
  rows: ({ tenant, position, data }) => [
    {
      workspace_id: tenant,
      artifact_id: data.artifactId,
      run_id: data.runId,
      step: data.step,
      attempt: data.attempt,
      path: data.path,
      media_type: data.mediaType,
      sha256: data.blob.sha256,
      bytes: data.blob.bytes,
      stored_at: data.at,
      position,
    },
  ],
});
