import type { EventStore, SharedCheckpoints } from '@runledger/event-store';
import type { ConsumerLog, Leases } from '@runledger/messaging';
import type { Pool } from 'pg';
import { AuditBundle } from './bundle/audit-bundle.js';
import { BundleCursors } from './bundle/bundle-cursor.js';
import { CheckpointDesk } from './checkpoint/checkpoint-desk.js';
import { Proofs } from './checkpoint/proofs.js';
import { NoteSigner } from './checkpoint/signed-note.js';
import { SigningKeys } from './checkpoint/signing-keys.js';
import { Sealer } from './tree/sealer.js';
import { TreeRows } from './tree/tree-rows.js';
import { verifierFile } from './verifier/verifier-file.js';

export interface AuditParts {
  readonly store: EventStore;
  readonly checkpoints: Pick<SharedCheckpoints, 'partitions'>;
  readonly leases: Leases;
  readonly database: Pool;
  readonly cursorKey: Uint8Array;
  readonly signingSeed: Uint8Array;
  readonly origin?: string;
  readonly log?: ConsumerLog;
}

export type OpenedAudit = Awaited<ReturnType<typeof openAudit>>;

/** The parts of the audit service; nothing of it is at work yet. */
export async function openAudit(parts: AuditParts) {
  const { store, checkpoints, leases, database, log } = parts;
  const tree = new TreeRows(database);
  const signer = new NoteSigner(parts.origin ?? `runledger/${await store.identity()}`, parts.signingSeed);
  const keys = new SigningKeys(signer);
  const desk = new CheckpointDesk({ store, tree, signer });
  const cursors = new BundleCursors(parts.cursorKey);
  return {
    sealer: new Sealer({ store, checkpoints, leases, database, ...(log === undefined ? {} : { log }) }),
    checkpoints: desk,
    bundle: new AuditBundle({ store, tree, checkpoints: desk, cursors, keys: () => keys.all() }),
    proofs: new Proofs(store, tree, desk, keys),
    verifier: verifierFile(),
  };
}
