import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export interface ServiceSettings {
  readonly databaseUrl: string;
  readonly homeDir: string;
  readonly blobsDir: string;
  readonly mountSources: readonly string[];
}

/** The packages that such a process is made of; compile them first. */
export const PACKAGES = [
  ...['kernel', 'contracts', 'event-store', 'messaging', 'projections', 'platform'].map(name => `libs/${name}`),
  'apps/sandbox',
];

const program = (settings: ServiceSettings): string => `
  const settings = ${JSON.stringify(settings)};
  await import('reflect-metadata');
  const { default: pg } = await import('pg');
  const { Module } = await import('@nestjs/common');
  const { NestFactory } = await import('@nestjs/core');
  const { catalogue } = await import('@runledger/contracts');
  const { createPostgresEventStore, PostgresCheckpoints } = await import('@runledger/event-store');
  const { FileBlobStore, PlatformModule } = await import('@runledger/platform');
  const { readSandboxConfig, SandboxModule } = await import('@runledger/sandbox');
  const database = new pg.Pool({ connectionString: settings.databaseUrl, max: 2 });
  const store = createPostgresEventStore({ connectionString: settings.databaseUrl, poolSize: 2 });
  const config = { ...readSandboxConfig({}), mountSources: settings.mountSources };
  const log = { info() {}, warn: console.error, error: console.error };
  class Service {}
  Module({
    imports: [
      PlatformModule.register({
        store, checkpoints: new PostgresCheckpoints(database), blobs: new FileBlobStore(settings.blobsDir), catalogue,
      }),
      SandboxModule.register({ config, database, homeDir: settings.homeDir, log }),
    ],
  })(Service);
  const app = await NestFactory.createApplicationContext(Service, { logger: false });
  process.once('SIGTERM', async () => {
    await app.close();
    await store.close();
    await database.end();
  });
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
