import { ModuleProcess } from '@runledger/testing';

/** Writes down each firing that it begins, takes a moment, and writes its effect under the id of the firing. */
const program = (databaseUrl: string, name: string): string => `
  const [connectionString, owner] = ${JSON.stringify([databaseUrl, name])};
  const { default: pg } = await import('pg');
  const { setTimeout: delay } = await import('node:timers/promises');
  const { defineTimer, PostgresTimers } = await import('@runledger/timers');
  const pool = new pg.Pool({ connectionString, max: 4 });
  const timers = new PostgresTimers({ database: pool, service: 'counted', newsUrl: connectionString, leaseMs: 5_000 });
  process.once('SIGTERM', async () => {
    await timers.stop();
    await pool.end();
  });
  await timers.start([defineTimer('count', async ({ id, name }) => {
    await pool.query('insert into begun (process, firing) values ($1, $2)', [owner, id]);
    await delay(5);
    await pool.query('insert into effect (firing, timer) values ($1, $2) on conflict do nothing', [id, name]);
  })]);
  console.log('started');
`;

/** A process that shares the timers of a service with others, to be killed. */
export function timerProcess(databaseUrl: string, name: string): Promise<ModuleProcess> {
  return ModuleProcess.start({ name, project: 'libs/timers', source: program(databaseUrl, name) });
}
