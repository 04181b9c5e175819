import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { AgentsConfig } from '../sandbox.config.js';
import type { Liveness } from '../workers/membership.js';

export interface ServiceSettings {
  readonly databaseUrl: string;
  readonly homeDir: string;
  readonly blobsDir: string;
  readonly mountSources: readonly string[];
  readonly maxAttempts?: number;
  /** Left out: agents work in the service. */
  readonly agents?: Pick<AgentsConfig, 'place' | 'atStop'> & Partial<AgentsConfig>;
  /** For one replica of several; without it the service is alone. */
  readonly liveness?: Partial<Liveness>;
  /** Where the process is to kill itself. */
  readonly crash?: CrashPoint;
}

/** Something that a process does: a statement to the database, or the writing of a file, known by a part of it. */
export interface CrashPoint {
  readonly at: 'statement' | 'file';
  /** A regular expression; of a statement with its name and values, or of a path. */
  readonly pattern: string;
  readonly when: 'before' | 'after';
  /** Only when this is in it, too. */
  readonly about: string;
}

/** The packages that such a process is made of; compile them first. */
export const PACKAGES = [
  ...['kernel', 'contracts', 'event-store', 'messaging', 'projections', 'platform', 'timers'].map(
    name => `libs/${name}`,
  ),
  'apps/sandbox',
];

/** Kills the process at the first thing that fits. The service knows nothing of it. */
const crashing = ({ at, pattern, when, about }: CrashPoint): string => `
  const fits = text => text.includes(${JSON.stringify(about)}) && ${new RegExp(pattern, 'is').toString()}.test(text);
  const die = () => process.kill(process.pid, 'SIGKILL');
  if (${JSON.stringify(at)} === 'statement') {
    const { default: driver } = await import('pg');
    const query = driver.Client.prototype.query;
    driver.Client.prototype.query = function (...args) {
      const [statement, values] = args;
      const given = statement?.values ?? (Array.isArray(values) ? values : []);
      const said = [statement?.name, statement?.text ?? String(statement)].join(' ');
      const text = said + ' ' + JSON.stringify(given, (_, value) =>
        typeof value === 'bigint' ? String(value) : value?.type === 'Buffer' ? Buffer.from(value).toString() : value);
      if (!fits(text)) return query.apply(this, args);
      if (${JSON.stringify(when)} === 'before') die();
      const told = args.at(-1);
      if (typeof told === 'function') return query.apply(this, [...args.slice(0, -1), die]);
      return query.apply(this, args).then(die);
    };
  } else {
    const fs = (await import('node:fs')).default;
    const { syncBuiltinESMExports } = await import('node:module');
    for (const [name, pathAt] of [['writeFileSync', 0], ['renameSync', 1]]) {
      const original = fs[name];
      fs[name] = (...args) => {
        const isIt = fits(String(args[pathAt]));
        if (isIt && ${JSON.stringify(when)} === 'before') die();
        const result = original(...args);
        if (isIt) die();
        return result;
      };
    }
    syncBuiltinESMExports();
  }
`;

const program = (settings: ServiceSettings): string => `
  ${settings.crash ? crashing(settings.crash) : ''}
  const settings = ${JSON.stringify(settings)};
  await import('reflect-metadata');
  const { default: pg } = await import('pg');
  const { Module } = await import('@nestjs/common');
  const { NestFactory } = await import('@nestjs/core');
  const { catalogue, ReleaseBudget, ReserveBudget } = await import('@runledger/contracts');
  const { createPostgresEventStore, PostgresCheckpoints } = await import('@runledger/event-store');
  const { CommandRegistry, FileBlobStore, PlatformModule } = await import('@runledger/platform');
  const { readSandboxConfig, SandboxModule } = await import('@runledger/sandbox');
  const database = new pg.Pool({ connectionString: settings.databaseUrl, max: 2 });
  const store = createPostgresEventStore({ connectionString: settings.databaseUrl, poolSize: 2 });
  const { mountSources, maxAttempts = 8, homeDir, liveness, databaseUrl: newsUrl } = settings;
  const defaults = readSandboxConfig({});
  const agents = { ...defaults.agents, ...(settings.agents ?? { place: 'service' }) };
  const config = { ...defaults, mountSources, maxAttempts, agents };
  const log = { info() {}, warn() {}, error: console.error };
  class Service {}
  Module({
    imports: [
      PlatformModule.register({
        store, checkpoints: new PostgresCheckpoints(database), blobs: new FileBlobStore(settings.blobsDir), catalogue,
        ...(liveness && { leases: { sharing: 'shared', ttlMs: liveness.ttlMs } }),
      }),
      SandboxModule.register({ config, database, homeDir, log, ...(liveness && { newsUrl, liveness }) }),
    ],
  })(Service);
  const app = await NestFactory.createApplicationContext(Service, { logger: false, abortOnError: false });
  // Billing is not here; nobody counts.
  const granted = async () => ({ status: 'accepted', output: { status: 'GRANTED' }, position: undefined });
  for (const command of [ReserveBudget, ReleaseBudget]) app.get(CommandRegistry).answer(command, granted);
  process.once('SIGTERM', async () => {
    await app.close();
    await store.close();
    await database.end();
  });
  console.log('started');
`;

/** The sandbox service in a process of its own, to be killed. */
export class ServiceProcess {
  /** Resolves when the process has ended, however. */
  readonly gone: Promise<unknown>;

  private constructor(private readonly child: ReturnType<typeof spawn>) {
    this.gone = once(child, 'exit');
  }

  /** Resolves when it has started, which is when it takes up what it finds; or when it has crashed where it should. */
  static async start(settings: ServiceSettings): Promise<ServiceProcess> {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program(settings)], {
      cwd: join(import.meta.dirname, '../..'),
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] },
    });
    const ended = once(child, 'exit').then(([code, signal]) => {
      if (settings.crash && signal === 'SIGKILL') return;
      throw new Error(`The service ended with ${String(code ?? signal)}.`);
    });
    await Promise.race([once(child.stdout, 'data'), ended]);
    ended.catch(() => undefined); // after its start it is for the spec to say how it ends
    return new ServiceProcess(child);
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.gone;
  }

  /** Stops it where it stands, as a machine does that is out of breath. */
  freeze(): void {
    this.child.kill('SIGSTOP');
  }

  thaw(): void {
    this.child.kill('SIGCONT');
  }

  /** Answers its exit code. */
  async stop(): Promise<number | null> {
    this.child.kill('SIGTERM');
    await this.gone;
    return this.child.exitCode;
  }

  /** For the end of a spec that may have failed anywhere. */
  async remove(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) await this.kill();
  }
}
