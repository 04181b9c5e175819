import type { EventOf } from '@runledger/kernel';
import { z } from 'zod';
import { defineEvent } from './define-event.js';
import { attemptPlace as place, blobRef, stepKey, timestamp } from './values.js';

/** `before`: the attempt has not begun to work; `after`: it will not any more. */
const moment = z.enum(['before', 'after']);

/** The files of the run's sandbox were kept as they were, so that later work can begin from them. */
export const WorkspaceSnapshotTaken = defineEvent({
  type: 'WorkspaceSnapshotTaken',
  version: 1,
  schema: z.strictObject({
    ...place,
    moment,
    /** The list of all entries; the same files give the same one. */
    root: blobRef,
    files: z.int().nonnegative(),
    /** Of all files together. */
    bytes: z.int().nonnegative(),
    /** What the blob store holds more of because of it. */
    newBytes: z.int().nonnegative(),
    at: timestamp,
  }),
});

/** The files of the run's sandbox could not be kept; nothing can begin from them once the sandbox is gone. */
export const WorkspaceSnapshotFailed = defineEvent({
  type: 'WorkspaceSnapshotFailed',
  version: 1,
  schema: z.strictObject({ ...place, moment, code: z.string(), reason: z.string(), at: timestamp }),
});

/** Of an attempt, while it executes. */
export const snapshotEvents = [WorkspaceSnapshotTaken, WorkspaceSnapshotFailed] as const;

/** A kept file is not needed any more, as its flow says: its content goes. That there was one stays known. */
export const ArtifactExpired = defineEvent({
  type: 'ArtifactExpired',
  version: 1,
  schema: z.strictObject({
    runId: z.string(),
    step: stepKey,
    attempt: z.int().positive(),
    artifactId: z.string(),
    path: z.string(),
    blob: blobRef,
    expiredAt: timestamp,
  }),
});

/** The snapshots of a run that has ended are not needed any more, as its flow says: nothing begins from its files again. */
export const WorkspaceSnapshotsExpired = defineEvent({
  type: 'WorkspaceSnapshotsExpired',
  version: 1,
  schema: z.strictObject({ runId: z.string(), expiredAt: timestamp }),
});

/** Stream `files-<run key>`: what became of the files of a run after its end. */
export const keptFilesEvents = [ArtifactExpired, WorkspaceSnapshotsExpired] as const;
export type KeptFilesEvent = EventOf<typeof keptFilesEvents>;
