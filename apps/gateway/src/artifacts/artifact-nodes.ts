import type { ArtifactRow } from './artifacts.entity.js';

/** A kept file as the API shows it. */
export function artifactNode(row: ArtifactRow) {
  const { artifactId, step, attempt, path, mediaType, bytes, sha256, storedAt } = row;
  const url = `/api/v1/artifacts/${encodeURIComponent(artifactId)}`;
  return { id: artifactId, step, attempt, path, mediaType, bytes, sha256, url, storedAt };
}
