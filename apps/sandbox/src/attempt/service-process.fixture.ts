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

const PROGRAM = join(import.meta.dirname, 'killable-service.fixture.mjs');

interface Bundler {
  readonly bundleFixture: (entry: string, folder: string) => Promise<string>;
}

/** One file with what it uses of the packages: specs start it sixty times. Made by the first of them. */
async function killableService(): Promise<string> {
  const script = new URL('../../../../scripts/bundle.mjs', import.meta.url);
  const { bundleFixture } = (await import(script.href)) as Bundler;
  return bundleFixture(PROGRAM, join(import.meta.dirname, '../../dist/killable-service'));
}

/** The sandbox service in a process of its own, to be killed. */
export class ServiceProcess {
  /** Resolves when the process has ended, however. */
  readonly gone: Promise<unknown>;

  private constructor(private readonly child: ReturnType<typeof spawn>) {
    this.gone = once(child, 'exit');
  }

  /** Resolves when it has started, which is when it takes up what it finds; or when it has crashed where it should. */
  static async start(settings: ServiceSettings): Promise<ServiceProcess> {
    const child = spawn(process.execPath, [await killableService()], {
      cwd: join(import.meta.dirname, '../..'),
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        PATH: process.env['PATH'],
        NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
        SERVICE_SETTINGS: JSON.stringify(settings),
      },
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
