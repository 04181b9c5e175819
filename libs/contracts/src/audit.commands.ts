import { z } from 'zod';
import { defineCommand } from './define-command.js';

const size = z.int().nonnegative();
const hash = z.base64();
const checkpoint = z.strictObject({
  size,
  root: hash,
  /** Signed note (C2SP tlog-checkpoint). */
  note: z.string(),
  signedAt: z.iso.datetime(),
});
/** Keys that sign checkpoints, as C2SP signed-note writes them; a later one with the statement of the one before it. */
const keys = z.array(z.strictObject({ key: z.string(), statement: z.string().optional() }));

/**
 * One page of an audit bundle: NDJSON lines as strings, in log order; `next` is absent on the last page. Of a run, or of all
 * events of the workspace between two times. `since`: the size of an earlier checkpoint that the bundle is to continue.
 */
export const ExportAudit = defineCommand({
  service: 'audit',
  name: 'ExportAudit',
  input: z.strictObject({
    runId: z.string().optional(),
    from: z.iso.datetime().optional(),
    to: z.iso.datetime().optional(),
    since: size.optional(),
    cursor: z.string().max(1_000).optional(),
    limit: z.int().min(1).max(1_000).optional(),
  }),
  output: z.strictObject({ lines: z.array(z.string()), next: z.string().optional() }),
  refusals: ['RUN_NOT_FOUND', 'INVALID_CURSOR', 'INVALID_SIZE', 'NOT_SEALED_YET'],
});

/** That an event is in the log: its leaf, and what leads from it to the root of a signed checkpoint. */
export const ProveEvent = defineCommand({
  service: 'audit',
  name: 'ProveEvent',
  input: z.strictObject({ eventId: z.uuid() }),
  output: z.strictObject({
    leaf: size,
    /** What the leaf holds: the event in canonical form. */
    entry: z.string(),
    leafHash: hash,
    proof: z.array(hash),
    checkpoint,
    keys,
  }),
  refusals: ['EVENT_NOT_FOUND', 'NOT_SEALED_YET'],
});

/** The log as it is now, signed. `since`: also that it continues the log of that size. */
export const SignCheckpoint = defineCommand({
  service: 'audit',
  name: 'SignCheckpoint',
  input: z.strictObject({ since: size.optional() }),
  output: z.strictObject({ checkpoint, consistency: z.array(hash).optional(), keys }),
  refusals: ['INVALID_SIZE', 'NOT_SEALED_YET'],
});

/** The program that checks bundles: one file for Node, without anything beside it. */
export const FetchVerifier = defineCommand({
  service: 'audit',
  name: 'FetchVerifier',
  input: z.strictObject({}),
  output: z.strictObject({
    source: z.string(),
    /** Hex. */
    sha256: z.string(),
  }),
  refusals: [],
});
