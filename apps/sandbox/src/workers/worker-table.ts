import type { Queryable } from '@runledger/event-store';

/** One stretch of a worker's life. A worker that was taken for dead gets another one when it is back. */
export interface TenureKey {
  readonly worker: string;
  readonly id: string;
}

/** Where the files of a worker are. */
export interface WorkerHome {
  /** Names the running machine and what its processes see of each other; opaque. */
  readonly machine: string;
  /** Absolute directory on that machine. */
  readonly path: string;
}

/** Who lives, by the clock of the database. */
export class WorkerTable {
  constructor(private readonly database: Queryable) {}

  /** For a process that has just taken the worker's home directory: whoever lived under this name before is gone. */
  async join(key: TenureKey, ttlMs: number): Promise<void> {
    await this.database.query(
      `INSERT INTO sandbox.workers (worker, tenure, alive_until) VALUES ($1, $2, ${inMs('$3')})
       ON CONFLICT (worker) DO UPDATE SET tenure = excluded.tenure, alive_until = excluded.alive_until`,
      [key.worker, key.id, ttlMs],
    );
  }

  /** For a worker that was buried; false when another process lives under its name. */
  async joinAgain(key: TenureKey, ttlMs: number): Promise<boolean> {
    const { rows } = await this.database.query(
      `INSERT INTO sandbox.workers (worker, tenure, alive_until) VALUES ($1, $2, ${inMs('$3')})
       ON CONFLICT (worker) DO UPDATE SET alive_until = excluded.alive_until
         WHERE workers.tenure = excluded.tenure
       RETURNING worker`,
      [key.worker, key.id, ttlMs],
    );
    return rows.length > 0;
  }

  /** False when this tenure is over: nothing that it had is its own any more. */
  async beat(key: TenureKey, ttlMs: number): Promise<boolean> {
    const { rows } = await this.database.query(
      `UPDATE sandbox.workers SET alive_until = ${inMs('$3')} WHERE worker = $1 AND tenure = $2 RETURNING worker`,
      [key.worker, key.id, ttlMs],
    );
    return rows.length > 0;
  }

  /**
   * Makes the runs of all workers homeless that have not been heard of in time; answers who they were. Whoever has been silent
   * for too long itself, however short ago it did not know that yet, buries nobody.
   */
  async buryDead(by: TenureKey): Promise<string[]> {
    const { rows } = await this.database.query(
      `DELETE FROM sandbox.workers WHERE alive_until < clock_timestamp() AND EXISTS (
         SELECT FROM sandbox.workers AS living
         WHERE living.worker = $1 AND living.tenure = $2 AND living.alive_until > clock_timestamp())
       RETURNING worker`,
      [by.worker, by.id],
    );
    return rows.map(row => row['worker'] as string);
  }

  /** This process ends: its runs wait for its return for so long, then they go elsewhere. 0: they go at once. */
  async leave(key: TenureKey, returnWithinMs: number): Promise<void> {
    if (returnWithinMs > 0) return void (await this.beat(key, returnWithinMs));
    await this.database.query('DELETE FROM sandbox.workers WHERE worker = $1 AND tenure = $2', [key.worker, key.id]);
  }

  async writeHome(worker: string, { machine, path }: WorkerHome): Promise<void> {
    await this.database.query(
      `INSERT INTO sandbox.worker_homes (worker, machine, path) VALUES ($1, $2, $3)
       ON CONFLICT (worker) DO UPDATE SET machine = excluded.machine, path = excluded.path`,
      [worker, machine, path],
    );
  }

  async homeOf(worker: string): Promise<WorkerHome | undefined> {
    const { rows } = await this.database.query('SELECT machine, path FROM sandbox.worker_homes WHERE worker = $1', [
      worker,
    ]);
    const [row] = rows;
    return row && { machine: row['machine'] as string, path: row['path'] as string };
  }
}

function inMs(parameter: string): string {
  return `clock_timestamp() + ${parameter}::double precision * interval '1 millisecond'`;
}
