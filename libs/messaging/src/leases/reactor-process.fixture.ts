import { ModuleProcess } from '@runledger/testing';

export interface ReactorProcessSettings {
  readonly databaseUrl: string;
  readonly name: string;
  readonly ttlMs: number;
  readonly heartbeatMs: number;
}

/** Writes down when it begins with an event, takes a moment, and writes the effect once however often it is done. */
const program = (settings: ReactorProcessSettings): string => `
  const { databaseUrl: connectionString, name: owner, ttlMs, heartbeatMs } = ${JSON.stringify(settings)};
  const { default: pg } = await import('pg');
  const { setTimeout: delay } = await import('node:timers/promises');
  const { createPostgresEventStore, PostgresCheckpoints } = await import('@runledger/event-store');
  const { EventCatalogue } = await import('@runledger/kernel');
  const { Leases, ReactorHost, storeDirect } = await import('@runledger/messaging');
  const pool = new pg.Pool({ connectionString, max: 4 });
  const store = createPostgresEventStore({ connectionString, poolSize: 2 });
  const checkpoints = new PostgresCheckpoints(pool);
  const leases = new Leases(checkpoints, { owner, sharing: 'shared', ttlMs, heartbeatMs });
  const onFault = status => console.error(status);
  const host = new ReactorHost(storeDirect(store), checkpoints, new EventCatalogue([]), { owner, leases, onFault });
  process.once('SIGTERM', async () => {
    await host.stop();
    await leases.stop();
    await store.close();
    await pool.end();
  });
  await host.start({ name: 'counted', types: ['Asked'], asStored: true, react: async ({ id, metadata, position }) => {
    await pool.query('insert into begun (process, at, event, run, gpos) values ($1, $2, $3, $4, $5)',
      [owner, new Date(), id, metadata.correlationId, String(position)]);
    await delay(10);
    await pool.query('insert into effect (event, run, gpos) values ($1, $2, $3) on conflict do nothing',
      [id, metadata.correlationId, String(position)]);
  } });
  console.log('started');
`;

/** A process that shares a reactor with others, to be killed and to be stopped. */
export function reactorProcess(settings: ReactorProcessSettings): Promise<ModuleProcess> {
  return ModuleProcess.start({ name: settings.name, project: 'libs/messaging', source: program(settings) });
}
