import type { AttemptEvent, StepReady } from '@runledger/contracts';
import type { EventStore } from '@runledger/event-store';
import { attemptId, Fault, streamOf } from '@runledger/kernel';
import { BlobNotFoundError, type BlobStore } from '@runledger/platform';
import { posix } from 'node:path';
import type { Readable } from 'node:stream';
import { NoDirectoryError, placeFile } from '../workspace/held-place.js';
import type { StepRun } from './step-run.js';

/** Files that the step consumes cannot be put into its workspace. */
export class FilesNotSuppliedError extends Fault {
  constructor(
    code: 'ARTIFACT_MISSING' | 'ARTIFACT_EXPIRED' | 'ARTIFACT_NOT_PLACED',
    message: string,
    readonly fix: string,
    cause?: unknown,
  ) {
    super(code, message, { cause, fields: { fix } });
  }
}

type Consumed = NonNullable<ReturnType<typeof StepReady>['data']['consumes']>[number];
type Kept = Extract<AttemptEvent, { type: 'ArtifactStored' }>['data'];

export interface Shelves {
  readonly store: EventStore;
  readonly artifacts: BlobStore;
}

const READ_ONLY = 0o444;
const READ_AND_RUN = 0o555;
const PAGE = 500;

/**
 * Puts what the step consumes into its workspace, as its makers left it and not as the workspace has it now. The files are the
 * platform's own, so that a sandbox with a user of its own can read but not change them.
 */
export async function supplyFiles(run: StepRun, shelves: Shelves): Promise<void> {
  const { consumes = [] } = run.attempt.ready;
  if (consumes.length === 0) return;
  for (const files of consumes) {
    const wanted = (await keptBy(shelves.store, run.attempt.workspaceId, files.from, files.step)).filter(
      ({ path }) => path === files.name || posix.matchesGlob(path, files.name), // a name may look like a glob
    );
    if (wanted.length === 0) throw missing(files);
    for (const kept of wanted) await place(run, shelves.artifacts, { files, kept });
  }
}

/** From the log of the attempt that kept them, in whichever run of the workspace that was. */
async function keptBy(store: EventStore, tenant: string, from: Consumed['from'], step: string): Promise<Kept[]> {
  const name = streamOf('attempt', attemptId(from.runId, step, from.attempt));
  const kept: Kept[] = [];
  for (let next = 0; ; next += PAGE) {
    const { events } = await store.readStream({ tenant, name }, { from: next, limit: PAGE });
    for (const event of events) if (event.type === 'ArtifactStored') kept.push(event.data as Kept);
    if (events.length < PAGE) return kept;
  }
}

interface Placing {
  readonly files: Consumed;
  readonly kept: Kept;
}

async function place({ sandbox, stop }: StepRun, artifacts: BlobStore, { files, kept }: Placing): Promise<void> {
  if (!sandbox.files) throw notPlaced(kept.path, 'this driver gives the platform no way to its files');
  stop.throwIfLeft();
  let content: Readable | undefined;
  try {
    content = await artifacts.get(kept.blob.sha256);
    const path = posix.join(files.path, kept.path);
    const mode = kept.executable ? READ_AND_RUN : READ_ONLY;
    await placeFile(sandbox.files.workspace, path, { content, mode, owner: sandbox.files.uid });
  } catch (cause) {
    if (cause instanceof BlobNotFoundError) throw expired(files, kept, cause);
    if (cause instanceof NoDirectoryError) throw notPlaced(kept.path, `in the workspace ${cause.message}`, cause);
    throw cause;
  } finally {
    content?.destroy();
  }
}

function missing({ step, name, from }: Consumed): FilesNotSuppliedError {
  const message = `Step ${step} kept no file ${name} in attempt ${from.attempt} of ${from.runId}.`;
  return new FilesNotSuppliedError('ARTIFACT_MISSING', message, `Let ${step} keep it, or correct the name.`);
}

function expired({ step }: Consumed, { path }: Kept, cause: unknown): FilesNotSuppliedError {
  const message = `The content of ${path}, which step ${step} kept, is gone; it was kept as long as its flow says.`;
  return new FilesNotSuppliedError('ARTIFACT_EXPIRED', message, `Run ${step} again.`, cause);
}

function notPlaced(path: string, why: string, cause?: unknown): FilesNotSuppliedError {
  const message = `The file ${path} could not be put into the workspace: ${why}.`;
  return new FilesNotSuppliedError('ARTIFACT_NOT_PLACED', message, 'Choose another `path` under `consumes`.', cause);
}
