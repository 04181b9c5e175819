import type { ArtifactRow } from './artifacts.entity.js';

/** A kept file as the API shows it. */
export function artifactNode(row: ArtifactRow) {
  const { artifactId, runId, step, attempt, path, mediaType, bytes, sha256, storedAt } = row;
  const url = `/api/v1/artifacts/${encodeURIComponent(artifactId)}`;
  return { id: artifactId, runId, step, attempt, path, mediaType, bytes, sha256, url, storedAt };
}
