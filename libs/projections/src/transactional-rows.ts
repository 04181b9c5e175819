import type { CheckpointLease, Checkpoints, Position, RecordedEvent } from '@runledger/event-store';
import { START } from '@runledger/event-store';
import type { DataSource } from 'typeorm';
import type { Projection } from './projection.js';
import { queryable } from './queryable.js';
import { RebuildTakenOverError } from './read-model-errors.js';
import { quotedTable } from './sql-names.js';

/** The rows of one projection and its checkpoint, which only ever move together (P1). */
export class TransactionalRows {
  #lease: CheckpointLease;

  constructor(
    private readonly dataSource: DataSource,
    private readonly checkpoints: Checkpoints,
    private readonly projection: Projection,
    lease: CheckpointLease,
  ) {
    this.#lease = lease;
  }

  get position(): Position {
    return this.#lease.position;
  }

  /** Applies the events and moves the checkpoint to `scannedTo`, both or neither. */
  async commit(events: () => readonly RecordedEvent[], scannedTo: Position): Promise<void> {
    this.#lease = await this.dataSource.transaction(async rows => {
      // The checkpoint first: who may not go on learns it before the work, and whoever holds it keeps the rows as they are.
      const moved = await this.checkpoints.advance(this.#lease, scannedTo, queryable(rows));
      await this.projection.apply(events(), rows);
      return moved;
    });
  }

  /** Moves the checkpoint over events that are not wanted. */
  async skipTo(scannedTo: Position): Promise<void> {
    this.#lease = await this.checkpoints.advance(this.#lease, scannedTo);
  }

  /** After a failure: the commit may have succeeded although its answer was lost. */
  async resync(): Promise<void> {
    const stored = await this.checkpoints.read(this.#lease.consumer, this.#lease.version);
    if (stored !== undefined && stored > this.#lease.position) this.#lease = { ...this.#lease, position: stored };
  }

  /** Empties the tables of a projection that has not begun, so that it is built from the first event (P2). */
  async empty(): Promise<void> {
    if (this.projection.tables.length === 0) return;
    const tables = this.projection.tables.map(quotedTable).join(', ');
    await this.dataSource.transaction(async rows => {
      await rows.query(`TRUNCATE ${tables}`);
      // Under the table lock no other owner can be half-way: either its rows are committed and seen here, or it waits.
      const stored = await this.checkpoints.read(this.#lease.consumer, this.#lease.version);
      if (stored !== undefined && stored > START) throw new RebuildTakenOverError(this.projection.name);
    });
  }
}
