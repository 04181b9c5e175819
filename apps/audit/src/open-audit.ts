import type { EventStore, SharedCheckpoints } from '@runledger/event-store';
import type { ConsumerLog, Leases } from '@runledger/messaging';
import type { Clock } from '@runledger/platform';
import type { Pool } from 'pg';
import type { AuditConfig } from './audit.config.js';
import { AuditBundle } from './bundle/audit-bundle.js';
import { BundleCursors } from './bundle/bundle-cursor.js';
import { CheckpointDesk } from './checkpoint/checkpoint-desk.js';
import { Proofs } from './checkpoint/proofs.js';
import { NoteSigner } from './checkpoint/signed-note.js';
import { SigningKeys } from './checkpoint/signing-keys.js';
import { placeAt } from './publishing/places.js';
import { Publisher } from './publishing/publisher.js';
import { Sealer } from './tree/sealer.js';
import { TreeRows } from './tree/tree-rows.js';
import { verifierFile } from './verifier/verifier-file.js';

export interface AuditParts {
  readonly config: AuditConfig;
  readonly store: EventStore;
  readonly checkpoints: Pick<SharedCheckpoints, 'partitions'>;
  readonly leases: Leases;
  readonly clock: Clock;
  readonly database: Pool;
  readonly cursorKey: Uint8Array;
  readonly signingSeed: Uint8Array;
  readonly previousSeed?: Uint8Array | undefined;
  readonly log?: ConsumerLog;
}

export type OpenedAudit = Awaited<ReturnType<typeof openAudit>>;

/** The parts of the audit service; nothing of it is at work yet. */
export async function openAudit(parts: AuditParts) {
  const { store, checkpoints, leases, database, previousSeed, config } = parts;
  const told = parts.log === undefined ? {} : { log: parts.log };
  const tree = new TreeRows(database);
  const origin = config.origin ?? `runledger/${await store.identity()}`;
  const signer = new NoteSigner(origin, parts.signingSeed);
  const previous = previousSeed === undefined ? {} : { previous: new NoteSigner(origin, previousSeed) };
  const keys = new SigningKeys({ store, signer, ...previous, now: () => parts.clock.now() });
  const sealer = new Sealer({ store, checkpoints, leases, database, ...told });
  const desk = new CheckpointDesk({ store, tree, signer, hurry: waiting => sealer.hurried(waiting) });
  const cursors = new BundleCursors(parts.cursorKey);
  return {
    keys,
    sealer,
    checkpoints: desk,
    publisher: new Publisher({
      ...{ tree, checkpoints: desk, everyMs: config.publishEveryMs, ...told },
      places: config.publish.map(address => placeAt(address, config)),
      isOnDuty: () => sealer.isAtWork,
    }),
    bundle: new AuditBundle({ store, tree, checkpoints: desk, cursors, keys: () => keys.all() }),
    proofs: new Proofs(store, tree, desk, keys),
    verifier: verifierFile(),
  };
}
