import { Fault } from '@runledger/kernel';

/** A snapshot is in the store and cannot be used. */
export class DamagedSnapshotError extends Fault {
  constructor(reason: string, cause?: unknown) {
    super('SNAPSHOT_DAMAGED', `The snapshot of the workspace cannot be used: ${reason}. Re-run from the beginning.`, {
      cause,
    });
  }
}

/** The snapshot that an attempt begins with is not in the store any more. */
export class SnapshotGoneError extends Fault {
  constructor(root: string, cause?: unknown) {
    super(
      'SNAPSHOT_GONE',
      `The files that this step begins with (snapshot ${root.slice(0, 12)}) are gone; were they older than the flow keeps them?`,
      { cause, fields: { root } },
    );
  }

  readonly fix = 'Re-run from the beginning, or let the flow keep its snapshots longer (retention.snapshotsDays).';
}

/** The files that an attempt would begin with were never kept. */
export class SnapshotMissingError extends Fault {
  constructor(reason: string) {
    super('SNAPSHOT_MISSING', `The files that this step begins with were not kept: ${reason}`);
  }

  readonly fix = 'Re-run from the beginning, or from an earlier step.';
}

/** The files of a sandbox are more than a snapshot may hold; nothing was kept. */
export class SnapshotTooLargeError extends Fault {
  constructor(what: string) {
    super('SNAPSHOT_TOO_LARGE', `The workspace was not kept: it has ${what}.`, { fields: { what } });
  }
}
