import { ArtifactStored } from '@runledger/contracts';
import { idOf, keyOf } from '@runledger/kernel';
import { createHash } from 'node:crypto';
import { collectFiles } from '../workspace/collect-files.js';
import type { CollectedFile } from '../workspace/file-frames.js';
import { mediaTypeOf } from './media-type.js';
import type { StepRun } from './step-run.js';

/** Keeps the files that the step declared. An artifact's id names attempt and path, so that a resume keeps none twice (R1). */
export async function keepArtifacts(run: StepRun): Promise<void> {
  const { ready, place } = run.attempt;
  if (ready.artifacts.length === 0) return;
  let found = 0;
  await collectFiles(run.sandbox, {
    callId: `${place.step}.${place.attempt}.artifacts`,
    patterns: ready.artifacts,
    signal: run.stop.signal,
    keep: async file => {
      found += 1;
      await keep(run, file);
    },
  });
  if (found > 0) return;
  const globs = ready.artifacts.join(', ');
  run.transcript.note(
    'InfoRecorded',
    'no-artifacts',
    `No file in the workspace matches the declared artifacts: ${globs}.`,
  );
}

async function keep({ blobs, history, transcript }: StepRun, file: CollectedFile): Promise<void> {
  const { place } = transcript;
  const print = createHash('sha256').update(file.path).digest('hex').slice(0, 16);
  const artifactId = idOf('art', `${keyOf(place.attemptId)}.${print}`);
  const blob = await blobs.put(file.content);
  if (history.artifactIds.has(artifactId)) return;
  const { path } = file;
  const at = transcript.now();
  transcript.add(ArtifactStored({ ...place, artifactId, path, mediaType: mediaTypeOf(path), blob, at }));
}
