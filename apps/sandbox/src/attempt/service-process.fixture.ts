import type { ProfileDefinition } from '@runledger/contracts';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const dist = (path: string): string => JSON.stringify(new URL(`../../dist/${path}`, import.meta.url).href);

export interface ServiceSettings {
  readonly databaseUrl: string;
  readonly homeDir: string;
  readonly blobsDir: string;
  readonly mountSources: readonly string[];
  readonly profile: ProfileDefinition;
}

/** The packages that such a process is made of; compile them first. */
export const PACKAGES = [
  ...['kernel', 'contracts', 'event-store', 'messaging', 'projections', 'platform'].map(name => `libs/${name}`),
  'apps/sandbox',
];

const program = (settings: ServiceSettings): string => `
  const settings = ${JSON.stringify(settings)};
  const { default: pg } = await import('pg');
  const { catalogue } = await import('@runledger/contracts');
  const { CommandHandler, createPostgresEventStore, newUuid, PostgresCheckpoints } = await import('@runledger/event-store');
  const { ReactorHost, storeDirect } = await import('@runledger/messaging');
  const { FileBlobStore, systemClock } = await import('@runledger/platform');
  const { BubblewrapDriver } = await import(${dist('driver/bubblewrap-driver.js')});
  const { SandboxRuntime } = await import(${dist('attempt/sandbox-runtime.js')});
  const { RunSandboxes } = await import(${dist('attempt/run-sandboxes.js')});
  const { runCommandStep } = await import(${dist('attempt/command-step.js')});
  const { runAgentStep } = await import(${dist('agent/agent-step.js')});
  const { languageModel } = await import(${dist('agent/providers.js')});
  const { DEFAULT_PATIENCE } = await import(${dist('agent/model-patience.js')});
  const pool = new pg.Pool({ connectionString: settings.databaseUrl, max: 2 });
  const store = createPostgresEventStore({ connectionString: settings.databaseUrl, poolSize: 2 });
  const driver = new BubblewrapDriver({ homeDir: settings.homeDir, mountSources: settings.mountSources });
  const agents = { model: work => languageModel({}, work), patience: DEFAULT_PATIENCE, modelCallMs: 60_000 };
  const host = {
    store, commands: new CommandHandler(store), clock: systemClock, worker: 'worker-1',
    blobs: new FileBlobStore(settings.blobsDir), sandboxes: new RunSandboxes([driver]),
    profile: async () => ({ version: 1, definition: settings.profile }), driver: () => driver,
    setUp: async () => {}, collect: async () => {},
    work: run => run.attempt.ready.agent
      ? runAgentStep(agents, run, run.attempt.ready.agent) : runCommandStep(run, run.attempt.ready.command),
  };
  const log = { info() {}, warn: console.error, error: console.error };
  const reactors = new ReactorHost(storeDirect(store), new PostgresCheckpoints(pool), catalogue, { owner: newUuid(), logger: log });
  const runtime = new SandboxRuntime({ host, database: pool, reactors, log });
  process.once('SIGTERM', async () => {
    await runtime.stop();
    await store.close();
    await pool.end();
  });
  await runtime.start();
  console.log('started');
`;

/** The sandbox service in a process of its own, to be killed. */
export class ServiceProcess {
  private constructor(private readonly child: ReturnType<typeof spawn>) {}

  /** Resolves when it has started, which is when it takes up what it finds. */
  static async start(settings: ServiceSettings): Promise<ServiceProcess> {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program(settings)], {
      cwd: join(import.meta.dirname, '../..'),
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: process.env['PATH'] },
    });
    await Promise.race([
      once(child.stdout, 'data'),
      once(child, 'exit').then(([code]) => Promise.reject(new Error(`The service ended with ${String(code)}.`))),
    ]);
    return new ServiceProcess(child);
  }

  async kill(): Promise<void> {
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }

  /** Answers its exit code. */
  async stop(): Promise<number | null> {
    const gone = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    const [code] = (await gone) as [number | null];
    return code;
  }
}
