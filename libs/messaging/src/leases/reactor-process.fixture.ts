import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../../../..');

/** Compiles what such a process is made of. */
export function compilePackages(): void {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/compile.mjs', 'libs/messaging'], { cwd: ROOT });
  if (status !== 0) throw new Error(String(stderr));
}

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
export class ReactorProcess {
  readonly #gone: Promise<unknown>;

  private constructor(private readonly child: ReturnType<typeof spawn>) {
    this.#gone = once(child, 'exit');
  }

  static async start(settings: ReactorProcessSettings): Promise<ReactorProcess> {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program(settings)], {
      cwd: join(ROOT, 'libs/messaging'),
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] },
    });
    const running = new ReactorProcess(child);
    const ended = running.#gone.then(() => Promise.reject(new Error(`${settings.name} ended before it was ready.`)));
    await Promise.race([once(child.stdout, 'data'), ended]);
    ended.catch(() => undefined); // after its start it is for the spec to say how it ends
    return running;
  }

  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill(signal);
      await this.#gone;
    }
    return this.child.exitCode;
  }

  /** Stops it where it stands, as a machine does that is out of breath. */
  freeze(): void {
    this.child.kill('SIGSTOP');
  }

  thaw(): void {
    this.child.kill('SIGCONT');
  }
}
