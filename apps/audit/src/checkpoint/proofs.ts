import type { InputOf, OutputOf, ProveEvent, RefusalOf, SignCheckpoint } from '@runledger/contracts';
import { START } from '@runledger/event-store';
import type { CommandContext, EventStore, RecordedEvent } from '@runledger/event-store';
import { reject } from '@runledger/kernel';
import type { CommandOutcome } from '@runledger/platform';
import { invalidSize, notSealedYet } from '../bundle/audit-bundle.js';
import { entryOf } from '../bundle/proven-events.js';
import { base64 } from '../tree/log-entry.js';
import type { EntryRow, TreeRows } from '../tree/tree-rows.js';
import type { CheckpointDesk } from './checkpoint-desk.js';
import type { SigningKeys } from './signing-keys.js';

type Proof = CommandOutcome<OutputOf<typeof ProveEvent>, RefusalOf<typeof ProveEvent>>;
type Signed = CommandOutcome<OutputOf<typeof SignCheckpoint>, RefusalOf<typeof SignCheckpoint>>;

/** Answers `ProveEvent` and `SignCheckpoint`. */
export class Proofs {
  constructor(
    private readonly store: EventStore,
    private readonly tree: TreeRows,
    private readonly checkpoints: CheckpointDesk,
    private readonly keys: SigningKeys,
  ) {}

  async event({ eventId }: InputOf<typeof ProveEvent>, { workspaceId }: CommandContext): Promise<Proof> {
    const checkpoint = await this.checkpoints.current();
    if (!checkpoint) return { status: 'refused', refusal: notSealedYet() };
    const found = await this.#find(eventId, workspaceId);
    if (!found) return { status: 'refused', refusal: eventNotFound(eventId) };
    const { event, row } = found;
    const proof = await this.tree.tree(checkpoint.size).inclusion(row.leaf);
    const output = {
      leaf: row.leaf,
      entry: await entryOf(this.tree, event, row),
      leafHash: base64(await this.tree.leafHash(row.leaf)),
      proof: proof.map(base64),
      checkpoint,
      keys: [...(await this.keys.all())],
    };
    return { status: 'accepted', output, position: undefined };
  }

  async checkpoint({ since }: InputOf<typeof SignCheckpoint>): Promise<Signed> {
    const checkpoint = await this.checkpoints.current();
    if (!checkpoint) return { status: 'refused', refusal: notSealedYet() };
    const { size } = checkpoint;
    if (since !== undefined && since > size) return { status: 'refused', refusal: invalidSize(since, size) };
    const consistency = since === undefined ? undefined : await this.tree.tree(size).consistency(since);
    const shown = consistency === undefined ? {} : { consistency: consistency.map(base64) };
    const output = { checkpoint, ...shown, keys: [...(await this.keys.all())] };
    return { status: 'accepted', output, position: undefined };
  }

  /** In the caller's workspace only (G2): another workspace's event is as unknown as one that never was. */
  async #find(eventId: string, workspaceId: string): Promise<{ event: RecordedEvent; row: EntryRow } | undefined> {
    for (const row of await this.tree.entriesOf(eventId)) {
      const before = row.leaf === 0 ? undefined : await this.tree.entry(row.leaf - 1);
      const { events } = await this.store.readAll({ after: before?.position ?? START, limit: 1 });
      const event = events.find(({ id, tenant }) => id === eventId && tenant === workspaceId);
      if (event) return { event, row };
    }
    return undefined;
  }
}

function eventNotFound(eventId: string) {
  return reject('EVENT_NOT_FOUND', `There is no event ${eventId} in this workspace.`, {
    fix: 'Take the id from the list of events.',
  });
}
