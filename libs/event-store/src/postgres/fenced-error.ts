import { Fault } from '@runledger/kernel';
import type { CheckpointLease } from '../checkpoints.js';

/** A newer owner took the checkpoint over: this one must stop, and its transaction must roll back (R3). */
export class FencedError extends Fault {
  /** `partitions`: which of the consumer's were lost, when it is split. */
  constructor(lease: CheckpointLease, partitions?: readonly number[]) {
    const { consumer, version, owner, epoch } = lease;
    const what = partitions === undefined ? 'the checkpoint' : `partitions ${partitions.join(', ')}`;
    super(
      'FENCED',
      `${owner} lost ${what} of ${consumer} (version ${version}, epoch ${epoch}) to a newer owner; it must stop.`,
      { fields: { consumer, version, owner, epoch, ...(partitions === undefined ? {} : { partitions }) } },
    );
  }
}
