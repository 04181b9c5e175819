import { PostgresCheckpoints } from '@runledger/event-store';
import type { Position, SharedCheckpoints } from '@runledger/event-store';
import { logDatabase } from '@runledger/event-store/testing';
import pg from 'pg';
import type { MemoryLog } from './memory-log.fixture.js';

/** Real checkpoints in a database of a spec's own, for logs in memory. */
export interface TestCheckpoints {
  readonly pool: pg.Pool;
  /** Of this log only: nothing is left of what the last log's consumers did. */
  of(log: MemoryLog): Promise<CountedCheckpoints>;
  close(): Promise<void>;
}

export interface CountedCheckpoints extends SharedCheckpoints {
  /** Statements that moved a checkpoint. */
  writes(): number;
  /** The next such statements fail with these. */
  readonly failures: Error[];
  /** The lowest position of a reactor's partitions. */
  stored(reactor: string): Promise<Position | undefined>;
}

export async function testCheckpoints(): Promise<TestCheckpoints> {
  const database = await logDatabase();
  const pool = new pg.Pool({ connectionString: database.url, max: 8 });
  return {
    pool,
    of: async log => {
      await pool.query('truncate runledger.partition_checkpoint, runledger.member, runledger.parked_event');
      return counted(pool, log);
    },
    close: async () => {
      await pool.end();
      await database.drop();
    },
  };
}

function counted(pool: pg.Pool, log: MemoryLog): CountedCheckpoints {
  let writes = 0;
  const failures: Error[] = [];
  const query = async (text: string, values?: unknown[]) => {
    if (/^with move as/.test(text)) {
      const failure = failures.shift();
      if (failure) throw failure;
      writes += 1;
    }
    return pool.query<Record<string, unknown>>(text, values);
  };
  const checkpoints = new PostgresCheckpoints({ query }, { log });
  const stored = async (reactor: string) => {
    const positions = (await checkpoints.partitions.read(`reactor/${reactor}`, 1)).map(({ position }) => position);
    return positions.length === 0 ? undefined : positions.reduce((a, b) => (a < b ? a : b));
  };
  return Object.assign(checkpoints, { writes: () => writes, failures, stored });
}
