import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../../../..');

/** Compiles what such a process is made of. */
export function compilePackages(): void {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/compile.mjs', 'libs/timers'], { cwd: ROOT });
  if (status !== 0) throw new Error(String(stderr));
}

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
export class TimerProcess {
  readonly #gone: Promise<unknown>;

  private constructor(private readonly child: ReturnType<typeof spawn>) {
    this.#gone = once(child, 'exit');
  }

  static async start(databaseUrl: string, name: string): Promise<TimerProcess> {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program(databaseUrl, name)], {
      cwd: join(ROOT, 'libs/timers'),
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] },
    });
    const running = new TimerProcess(child);
    const ended = running.#gone.then(() => Promise.reject(new Error(`${name} ended before it was ready.`)));
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
}
