import type { Position, RecordedEvent } from '@runledger/event-store';
import { START } from '@runledger/event-store';
import { Fault } from '@runledger/kernel';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { Projection } from '../projection.js';
import { readModelOptions } from '../read-model-database.js';
import type { ReadModelDatabase } from '../read-model-database.js';
import { migrateReadModels } from '../read-model-migrations.js';
import { quotedName } from '../sql-names.js';
import { makePostponedIndexes, postponeIndexes } from './postponed-indexes.js';

/** Another process fills the same copy: this one lost its right to. */
export class CopyTakenOverError extends Fault {
  constructor(schema: string) {
    super('FENCED', `The copy in schema ${schema} is being filled by another process; this one must stop.`, {
      fields: { schema },
    });
  }
}

export interface ShadowCopyOptions {
  readonly projection: Projection;
  readonly purpose: 'rebuild' | 'verify';
  /** Identity of the log that it is filled from. */
  readonly log: string;
  /** An unfinished copy that can be gone on with is thrown away as well. */
  readonly fresh: boolean;
}

/**
 * A copy of a projection's tables in a schema of its own, made by the same migrations and filled by the same code.
 * 1. Its rows and its own position commit in one transaction (P1), so whoever was killed goes on where it was.
 * 2. Nothing but its rows changes: it has no checkpoint among the live ones, and nobody is told of it.
 * 3. After a crash of the server it may be a little behind (its commits do not wait for the disk), never inconsistent.
 */
export class ShadowCopy {
  #position: Position = START;
  #isResumed = false;

  private constructor(
    readonly dataSource: DataSource,
    readonly schema: string,
    private readonly options: ShadowCopyOptions,
  ) {}

  static async open(database: ReadModelDatabase, options: ShadowCopyOptions): Promise<ShadowCopy> {
    const schema = copySchema(database.schema, options.purpose, options.projection);
    const settings = { ...database.settings, synchronous_commit: 'off' };
    const shadow = new DataSource({ ...readModelOptions({ ...database, schema, poolSize: 3, settings }) });
    await shadow.initialize();
    const copy = new ShadowCopy(shadow, schema, options);
    try {
      await copy.#prepare();
    } catch (error) {
      await shadow.destroy();
      throw error;
    }
    return copy;
  }

  /** Every wanted event up to here is in the rows. */
  get position(): Position {
    return this.#position;
  }

  /** True when an earlier, interrupted rebuild had begun it. */
  get isResumed(): boolean {
    return this.#isResumed;
  }

  /** Applies the events and moves to `scannedTo`, both or neither. */
  async commit(events: readonly RecordedEvent[], scannedTo: Position): Promise<void> {
    await this.dataSource.transaction(rows => this.commitIn(rows, events, scannedTo));
    this.#position = scannedTo;
  }

  /** The same within a transaction of {@link dataSource}; the caller commits it. */
  async commitIn(rows: EntityManager, events: readonly RecordedEvent[], scannedTo: Position): Promise<void> {
    const from = String(this.#position);
    const [, moved] = await rows.query<[unknown, number]>(
      'UPDATE copy_progress SET position = $1 WHERE position = $2',
      [String(scannedTo), from],
    );
    if (moved !== 1) throw new CopyTakenOverError(this.schema);
    if (events.length > 0) await this.options.projection.apply(events, rows);
  }

  /** After a failure: the commit may have succeeded although its answer was lost. */
  async resync(): Promise<void> {
    const [row] = await this.dataSource.query<{ position: string }[]>('SELECT position FROM copy_progress');
    if (!row) throw new CopyTakenOverError(this.schema);
    this.#position = BigInt(row.position);
  }

  /** Makes what was left out while it was filled: indexes, and what the planner knows of the tables. */
  async complete(): Promise<void> {
    await makePostponedIndexes(this.dataSource);
    for (const table of this.options.projection.tables) await this.dataSource.query(`ANALYZE ${quotedName(table)}`);
  }

  /** In the transaction that takes its tables away: from then on nobody goes on filling it. */
  async giveAway(rows: EntityManager): Promise<void> {
    await rows.query('DELETE FROM copy_progress');
  }

  async drop(): Promise<void> {
    await this.dataSource.query(`DROP SCHEMA IF EXISTS ${quotedName(this.schema)} CASCADE`);
  }

  async close(): Promise<void> {
    await this.dataSource.destroy();
  }

  async #prepare(): Promise<void> {
    if (!this.options.fresh && (await this.#isUsable())) {
      this.#isResumed = true;
      return this.resync();
    }
    await this.drop();
    await migrateReadModels(this.dataSource);
    const indexes = await postponeIndexes(this.dataSource, this.options.projection.tables);
    await this.dataSource.transaction(async rows => {
      await rows.query(`CREATE TABLE copy_progress (
        only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row), version int NOT NULL, log uuid NOT NULL,
        position bigint NOT NULL, indexes text[] NOT NULL, begun_at timestamptz NOT NULL DEFAULT now())`);
      await rows.query('INSERT INTO copy_progress (version, log, position, indexes) VALUES ($1, $2, 0, $3)', [
        this.options.projection.version,
        this.options.log,
        indexes,
      ]);
    });
  }

  /** Begun by this version of the program's tables and projection, from this log. */
  async #isUsable(): Promise<boolean> {
    const [table] = await this.dataSource.query<{ found: string | null }[]>('SELECT to_regclass($1) AS found', [
      `${quotedName(this.schema)}.copy_progress`,
    ]);
    if (!table?.found || (await this.dataSource.showMigrations())) return false;
    const rows = await this.dataSource.query<unknown[]>('SELECT FROM copy_progress WHERE version = $1 AND log = $2', [
      this.options.projection.version,
      this.options.log,
    ]);
    return rows.length === 1;
  }
}

/** A copy that is being filled, or was when its process ended. */
export interface CopyUnderWay {
  readonly position: Position;
  readonly begunAt: string;
}

/** Of the rebuild of this projection; undefined when none has begun, or all have ended. */
export async function copyUnderWay(
  live: string,
  projection: Projection,
  dataSource: DataSource,
): Promise<CopyUnderWay | undefined> {
  const table = `${quotedName(copySchema(live, 'rebuild', projection))}.copy_progress`;
  const [found] = await dataSource.query<{ found: string | null }[]>('SELECT to_regclass($1) AS found', [table]);
  if (!found?.found) return undefined;
  const [row] = await dataSource.query<{ position: string; begun_at: Date }[]>(`SELECT * FROM ${table}`);
  return row && { position: BigInt(row.position), begunAt: row.begun_at.toISOString() };
}

function copySchema(live: string, purpose: 'rebuild' | 'verify', { name }: Projection): string {
  return `${live}_${purpose}_${name.replaceAll('-', '_')}`;
}
