import { ArtifactStored } from '@runledger/contracts';
import { idOf, keyOf } from '@runledger/kernel';
import type { BlobStore } from '@runledger/platform';
import { createHash } from 'node:crypto';
import { collectArtifacts } from '../workspace/collect-artifacts.js';
import type { CollectedFile, SkippedFile } from '../workspace/collect-artifacts.js';
import { mediaTypeOf } from './media-type.js';
import type { StepRun } from './step-run.js';

/** Keeps the files that the step declared. An artifact's id names attempt and path, so that a resume keeps none twice (R1). */
export async function keepArtifacts(run: StepRun, blobs: BlobStore): Promise<void> {
  const { ready } = run.attempt;
  if (ready.artifacts.length === 0) return;
  let found = 0;
  const skipped = await collectArtifacts(run.sandbox, {
    globs: ready.artifacts,
    signal: run.stop.signal,
    keep: async file => {
      found += 1;
      await keep(run, file, blobs);
    },
  });
  if (skipped.length > 0) run.transcript.note('InfoRecorded', 'skipped-artifacts', skippedText(skipped));
  if (found > 0) return;
  const globs = ready.artifacts.join(', ');
  run.transcript.note(
    'InfoRecorded',
    'no-artifacts',
    `No file in the workspace matches the declared artifacts: ${globs}.`,
  );
}

function skippedText(skipped: readonly SkippedFile[]): string {
  const lines = skipped.slice(0, 20).map(({ path, reason }) => `${path}: ${reason}`);
  const more = skipped.length > lines.length ? [`and ${skipped.length - lines.length} more`] : [];
  return ['Not kept:', ...lines, ...more].join('\n');
}

async function keep({ history, transcript }: StepRun, file: CollectedFile, blobs: BlobStore): Promise<void> {
  const { place } = transcript;
  const print = createHash('sha256').update(file.path).digest('hex').slice(0, 16);
  const artifactId = idOf('art', `${keyOf(place.attemptId)}.${print}`);
  const blob = await blobs.put(file.content);
  if (history.artifactIds.has(artifactId)) return;
  const { path, isExecutable } = file;
  const executable = isExecutable ? { executable: true as const } : {};
  const at = transcript.now();
  transcript.add(ArtifactStored({ ...place, artifactId, path, mediaType: mediaTypeOf(path), blob, ...executable, at }));
}
