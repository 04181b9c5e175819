import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, testDatabase } from '@runledger/testing';
import type { TestDatabase } from '@runledger/testing';
import { ApiClient } from './api-client.fixture.js';
import { controlGroupsOf, mountsOf, tracesOf } from './machine.fixture.js';

export const ROOT = join(import.meta.dirname, '..', '..', '..');

/** For specs that start several platforms, beside all the others of `npm test` on a small machine. */
export const PATIENCE_MS = 240_000;

/** Two seconds on a machine that has nothing else to do. */
const READY_WITHIN_MS = 120_000;

/** What a program needs to be found, and to find what was compiled for those before it. */
export function ofThisRun(): Readonly<Record<string, string | undefined>> {
  return { PATH: process.env['PATH'], NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] };
}

/** How a program of the platform is started, behind Node's own name. */
export function argumentsOf([file = '', ...args]: readonly string[]): string[] {
  const programs = join(ROOT, 'apps', 'standalone', 'dist');
  return ['--import', join(programs, 'source-maps.js'), join(programs, file), ...args];
}

/** How a process ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly afterMs: number;
}

/** Compiles what changed, as `npm start` does before it starts; where all specs run, everything was compiled before them. */
export function build(): void {
  if (process.env['RUNLEDGER_TEST_IS_COMPILED'] === 'yes') return;
  const script = join(ROOT, 'scripts', 'prepare.mjs');
  const { status, stderr } = spawnSync(process.execPath, [script, '--build', '--quiet'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`The platform could not be built:\n${stderr}`);
}

/** A data directory of a spec's own. */
export class TemporaryHome {
  #path: string | undefined;
  #database: TestDatabase | undefined;
  readonly #processes: PlatformProcess[] = [];

  /** Made when it is first asked for. Without symbolic links, so that it can be looked for in /proc. */
  get path(): string {
    return (this.#path ??= realpathSync(mkdtempSync(join(tmpdir(), 'runledger-e2e-'))));
  }

  /** Starts a platform in this home and waits until it says that it is ready. */
  async start(environment: Readonly<Record<string, string>> = {}): Promise<PlatformProcess> {
    const platform = this.spawn(environment);
    await platform.ready();
    return platform;
  }

  /** Starts one without the sample, on a database of this home's own in the server of all specs: seconds sooner. */
  async startQuiet(environment: Readonly<Record<string, string>> = {}): Promise<PlatformProcess> {
    this.#database ??= await testDatabase();
    return this.start({ DATABASE_URL: this.#database.url, RUNLEDGER_SAMPLE: 'off', ...environment });
  }

  /** Starts a platform in this home and does not wait. `program`: that of one process, or that of a cluster with what to tell it. */
  spawn(environment: Readonly<Record<string, string>> = {}, program: readonly string[] = ['main.js']): PlatformProcess {
    const platform = new PlatformProcess(this.path, environment, program);
    this.#processes.push(platform);
    return platform;
  }

  /** What is left of everything that worked here: processes, control groups, mounts. */
  leftovers(): readonly unknown[] {
    return [...tracesOf(this.path), ...controlGroupsOf(this.path), ...mountsOf(this.path)];
  }

  /** Ends what still runs, removes the folder and expects that nothing stays behind. */
  async giveBack(): Promise<void> {
    const living = this.#processes.filter(platform => platform.ending === undefined);
    for (const platform of living) await platform.stop();
    try {
      await eventually(() => expect(this.leftovers()).toEqual([]), 20_000);
    } finally {
      for (const { pid } of tracesOf(this.path)) process.kill(pid, 'SIGKILL');
      rmSync(this.path, { recursive: true, force: true, maxRetries: 5 });
      await this.#database?.drop();
    }
  }
}

/** The platform as `npm start` runs it, from outside: a process, what it prints, and its API. */
export class PlatformProcess {
  readonly pid: number;
  #output = '';
  #errors = '';
  #ending: Ending | undefined;
  readonly #startedAt = performance.now();
  readonly #ended: Promise<Ending>;

  constructor(home: string, environment: Readonly<Record<string, string>>, program: readonly string[]) {
    const child: ChildProcess = spawn(process.execPath, argumentsOf(program), {
      cwd: home,
      env: { ...ofThisRun(), HOME: home, RUNLEDGER_HOME: home, PORT: '0', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.pid = child.pid ?? 0;
    child.stdout?.on('data', chunk => (this.#output += String(chunk)));
    child.stderr?.on('data', chunk => (this.#errors += String(chunk)));
    this.#ended = once(child, 'close').then(([code, signal]) => {
      const afterMs = performance.now() - this.#startedAt;
      return (this.#ending = { code: code as number | null, signal: signal as NodeJS.Signals | null, afterMs });
    });
  }

  /** Everything that it printed. */
  get output(): string {
    return this.#output;
  }

  /** Everything on its standard error. */
  get errors(): string {
    return this.#errors;
  }

  /** How it ended; undefined while it lives. */
  get ending(): Ending | undefined {
    return this.#ending;
  }

  get url(): string {
    return this.#printed(/Console {4}(\S+)\/#token=/);
  }

  get token(): string {
    return this.#printed(/Token {6}(\S+)/);
  }

  get api(): ApiClient {
    return new ApiClient(this.url, this.token);
  }

  /** Waits until it says that it is ready; ms since it was started. */
  async ready(withinMs = READY_WITHIN_MS): Promise<number> {
    await this.says(/Runledger is ready/, withinMs);
    return performance.now() - this.#startedAt;
  }

  /** Waits until it printed what matches. */
  async says(pattern: RegExp, withinMs = 60_000): Promise<string> {
    return eventually(() => {
      const found = pattern.exec(this.#output)?.[0];
      if (found !== undefined) return found;
      if (this.#ending) throw new Error(`It ended (${JSON.stringify(this.#ending)}).\n${this.#output}${this.#errors}`);
      throw new Error(`It did not print ${String(pattern)}, but\n${this.#output}${this.#errors}`);
    }, withinMs);
  }

  /** Waits until its standard error holds this so many times. */
  async complains(text: string, times: number, withinMs = READY_WITHIN_MS): Promise<void> {
    await eventually(() => {
      if (this.#errors.split(text).length - 1 === times) return;
      const ended = this.#ending ? `It ended (${JSON.stringify(this.#ending)}).\n` : '';
      throw new Error(`${ended}It did not complain ${times} times of "${text}", but\n${this.#errors}`);
    }, withinMs);
  }

  /** Sends the signal and waits for the end; ms counted from the signal. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ending> {
    const askedAt = performance.now();
    if (!this.#ending) process.kill(this.pid, signal);
    const ending = await this.#ended;
    return { ...ending, afterMs: performance.now() - askedAt };
  }

  /** Ends without giving it a chance. */
  async kill(): Promise<void> {
    await this.stop('SIGKILL');
  }

  /** How it ends by itself. */
  async end(): Promise<Ending> {
    return this.#ended;
  }

  #printed(pattern: RegExp): string {
    const [, value] = pattern.exec(this.#output) ?? [];
    if (value === undefined)
      throw new Error(`It did not print ${String(pattern)}, but\n${this.#output}${this.#errors}`);
    return value;
  }
}
