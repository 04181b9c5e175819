import { Fault } from '@runledger/kernel';
import type { DataSource } from 'typeorm';

/** Another process rebuilds or verifies this projection at this moment. */
export class RebuildUnderWayError extends Fault {
  constructor(projection: string) {
    super('REBUILD_UNDER_WAY', `Projection ${projection} is being rebuilt or verified already; wait for that to end.`, {
      fields: { projection },
    });
  }
}

/**
 * Does `work` as the only one that rebuilds or verifies this projection. The right ends with its connection, so a killed
 * process leaves nothing behind that would be in the way.
 */
export async function alone<T>(dataSource: DataSource, projection: string, work: () => Promise<T>): Promise<T> {
  const runner = dataSource.createQueryRunner();
  const key = [`runledger projection`, `${String((dataSource.options as { schema?: string }).schema)}.${projection}`];
  try {
    const [answer] = (await runner.query('SELECT pg_try_advisory_lock(hashtext($1), hashtext($2)) AS taken', key)) as [
      { taken: boolean },
    ];
    if (!answer.taken) throw new RebuildUnderWayError(projection);
    try {
      return await work();
    } finally {
      // A connection that broke gave the right up by itself.
      await runner.query('SELECT pg_advisory_unlock(hashtext($1), hashtext($2))', key).catch(() => undefined);
    }
  } finally {
    await runner.release();
  }
}
