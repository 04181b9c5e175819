import { catalogue } from '@runledger/contracts';
import { PROJECTIONS, readModelDatabase } from '@runledger/gateway';
import { Fault } from '@runledger/kernel';
import { servicePool } from '@runledger/platform';
import {
  consumerOf,
  listProjections,
  quotedTable,
  readModelOptions,
  rebuild,
  retryProjection,
  verify,
} from '@runledger/projections';
import type {
  Projection,
  ProjectionListing,
  ReadModelDatabase,
  RebuildParts,
  RebuildProgress,
  RebuildReport,
  VerifyReport,
} from '@runledger/projections';
import type { Pool } from 'pg';
import { DataSource } from 'typeorm';
import { openReadableLog } from '../readable-log.js';

/** There is no projection of this name. */
export class NoSuchProjectionError extends Fault {
  constructor(name: string) {
    const names = PROJECTIONS.map(projection => projection.name).join(', ');
    super('NO_SUCH_PROJECTION', `There is no projection ${name}. There are ${names}.`, { fields: { name } });
  }
}

/** The gateway's read models, looked after from outside: it does not matter whether the platform runs. */
export class ReadModelDesk {
  constructor(private readonly parts: RebuildParts) {}

  list(): Promise<ProjectionListing[]> {
    return listProjections(this.parts, PROJECTIONS);
  }

  /** Says that the fault was mended; throws when there is no such projection. */
  async retry(name: string): Promise<void> {
    await retryProjection(this.parts.dataSource, projectionNamed(name).name);
  }

  /** Takes away all rows of the read model that this consumer keeps, if it keeps one; it must not be at work. */
  async empty(consumer: string): Promise<void> {
    const named = PROJECTIONS.find(projection => consumerOf(projection) === consumer)?.tables ?? [];
    const tables = await this.#present(named.map(quotedTable));
    if (tables.length > 0) await this.parts.dataSource.query(`TRUNCATE ${tables.join(', ')}`);
  }

  /** Those that this database has: one whose schema is older has rows of the others only. */
  async #present(tables: readonly string[]): Promise<readonly string[]> {
    const query = 'SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NOT NULL';
    const found = await this.parts.dataSource.query<{ readonly name: string }[]>(query, [tables]);
    return found.map(({ name }) => name);
  }

  rebuild(name: string, onProgress: (progress: RebuildProgress) => void): Promise<RebuildReport> {
    return rebuild(this.parts, projectionNamed(name), { onProgress });
  }

  /** One after the other: each looks at its live rows through one snapshot. */
  async verify(names: readonly string[], onVerified: (report: VerifyReport) => void): Promise<boolean> {
    const wanted = names.length === 0 ? PROJECTIONS : names.map(projectionNamed);
    let equal = true;
    for (const projection of wanted) {
      const report = await verify(this.parts, projection);
      onVerified(report);
      equal &&= report.equal;
    }
    return equal;
  }
}

/** Opens what the desk works on, and closes it after the work. */
export async function withReadModels(url: string, work: (desk: ReadModelDesk) => Promise<void>): Promise<void> {
  const ending: (() => Promise<unknown>)[] = [];
  try {
    const pool = servicePool({ connectionString: url, max: 4, application_name: 'runledger projections' });
    ending.push(() => pool.end());
    const { store, checkpoints } = await openReadableLog(url, pool);
    ending.push(() => store.close());
    const database = await asTheirOwner(readModelDatabase(url), pool);
    const dataSource = await new DataSource(readModelOptions(database)).initialize();
    ending.push(() => dataSource.destroy());
    await work(new ReadModelDesk({ database, dataSource, store, checkpoints, catalogue }));
  } finally {
    for (const end of ending.reverse()) await end();
  }
}

/**
 * What is made beside the read models has to be of the role that owns them: the gateway goes on with a rebuild that was cut off,
 * and tables that change places keep their owner. Who may not act for that role works as itself, and is refused what it may not do.
 */
async function asTheirOwner(database: ReadModelDatabase, pool: Pool): Promise<ReadModelDatabase> {
  const { rows } = await pool.query<{ role: string }>(
    `SELECT r.rolname AS role FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner
      WHERE n.nspname = $1 AND r.rolname <> current_user AND pg_has_role(r.oid, 'MEMBER')`,
    [database.schema],
  );
  const [owner] = rows;
  return owner ? { ...database, settings: { role: owner.role.replace(/[\\\s]/g, String.raw`\$&`) } } : database;
}

function projectionNamed(name: string): Projection {
  const found = PROJECTIONS.find(projection => projection.name === name);
  if (!found) throw new NoSuchProjectionError(name);
  return found;
}
