import { Fault } from '@runledger/kernel';
import type { SignedCheckpoint } from '../checkpoint/checkpoint-desk.js';

/** Somewhere outside, where a checkpoint is kept that the platform cannot take back. */
export interface Place {
  /** Without secrets. */
  readonly name: string;
  /** Keeps it; the same one may come again. Throws `RetryableError` when it could not be kept now. */
  keep(checkpoint: SignedCheckpoint): Promise<void>;
  /** The last note that is kept there; undefined when there is none, or the place cannot be read. */
  last(): Promise<string | undefined>;
  /** Not more often than this, although the log grows; left out: as often as checkpoints are published. */
  readonly atMostEveryMs?: number;
}

/** A different checkpoint of the same size was published before: the log is not the one that it was. */
export class PublishedDifferentlyError extends Fault {
  constructor(place: string, size: number) {
    super(
      'PUBLISHED_DIFFERENTLY',
      `At ${place} there is another checkpoint of ${size} entries: the log was changed after it was signed, or this is another log. Keep what is there, and compare with a backup.`,
      { fields: { place, size } },
    );
  }
}

/** What a note says, without who signed it. */
export function signedText(note: string | undefined): string | undefined {
  return note?.slice(0, note.lastIndexOf('\n\n'));
}

/** Sorts as the sizes do. */
export function nameOf(size: number): string {
  return `${String(size).padStart(16, '0')}.checkpoint`;
}

/** The newest is here as well, under a name that is known. */
export const LATEST = 'latest.checkpoint';
