import { pause } from '@runledger/event-store';
import type { EventStore, Position } from '@runledger/event-store';
import { base64 } from '../tree/log-entry.js';
import type { TreeRows } from '../tree/tree-rows.js';
import { checkpointText } from './signed-note.js';
import type { NoteSigner } from './signed-note.js';

/** How long a request waits until the sealer has what is in the log. */
const SEALED_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 40;

/** What was signed of the tree: whoever keeps one can tell later whether the log before it is still the same (A1). */
export interface SignedCheckpoint {
  readonly size: number;
  /** Base64. */
  readonly root: string;
  /** C2SP tlog-checkpoint. */
  readonly note: string;
  /** When this size was signed first, ISO 8601. */
  readonly signedAt: string;
}

export interface CheckpointParts {
  readonly store: Pick<EventStore, 'head'>;
  readonly tree: TreeRows;
  readonly signer: NoteSigner;
  /** Seals at once until what is handed over is settled; left out: whoever seals does so in another process. */
  readonly hurry?: <T>(waiting: Promise<T>) => Promise<T>;
}

/** Signs what is sealed. Any process that has the key may: a size has one root, and Ed25519 signs it in one way. */
export class CheckpointDesk {
  constructor(private readonly parts: CheckpointParts) {}

  get signer(): NoteSigner {
    return this.parts.signer;
  }

  /** Of a tree that has everything that is in the log now; undefined when the sealer does not get there in time. */
  async current(): Promise<SignedCheckpoint | undefined> {
    const { store, hurry = waiting => waiting } = this.parts;
    const size = await hurry(this.#sealedUpTo(await store.head()));
    return size === undefined ? undefined : this.at(size);
  }

  /** Of the tree as it was at a size that is sealed. */
  async at(size: number): Promise<SignedCheckpoint> {
    const { tree, signer } = this.parts;
    const root = await tree.tree(size).root();
    const note = signer.sign(checkpointText(signer.name, size, root));
    const { rows } = await tree.database.query(
      `insert into audit.checkpoint as c (size, note) values ($1, $2)
       on conflict (size) do update set note = excluded.note returning signed_at`,
      [size, note],
    );
    return { size, root: base64(root), note, signedAt: (rows[0]?.['signed_at'] as Date).toISOString() };
  }

  async #sealedUpTo(head: Position): Promise<number | undefined> {
    const signal = AbortSignal.timeout(SEALED_WITHIN_MS);
    for (;;) {
      const { size, position } = await this.parts.tree.sealed();
      if (position >= head) return size;
      if (signal.aborted) return undefined;
      await pause(LOOK_EVERY_MS, signal);
    }
  }
}
