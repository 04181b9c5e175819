import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { RunnerDirectory } from './runner-directory.js';
import { RunnerLateError, RunnerNotStartedError } from './runner-faults.js';

/** Compiled, also where the service runs from its sources; in one file, where there was a bundler, and with the memory that it starts with. */
export function runnerProgram(): Pick<RunnerProgram, 'main' | 'snapshot'> {
  const [bundled = '', separate = '', snapshot = ''] = [
    'bundle/main.js',
    'main.js',
    `bundle/snapshot/runner-${process.versions.node}-${process.arch}.blob`,
  ].map(name => fileURLToPath(new URL(`../../dist/runner/${name}`, import.meta.url)));
  if (!existsSync(bundled)) return { main: separate };
  return { main: bundled, ...(existsSync(snapshot) && { snapshot }) };
}

const READY_WITHIN_MS = 30_000;
const LOG_CHARS = 2_000;
const PAGE_BYTES = 4_096;

export interface RunnerProgram {
  /** The compiled entry. */
  readonly main: string;
  /** The memory of one that has loaded everything, made by this version of Node.js. */
  readonly snapshot?: string;
  /** Of the runner's process: nothing of the service's but what its connections need, and no secret. */
  readonly environment: Readonly<Record<string, string>>;
  /** It must have said so by then; default 30,000. */
  readonly readyWithinMs?: number;
}

/** A runner that can be told to begin. Until then it lives only as long as this process holds it. */
export interface ReadyRunner {
  readonly directory: RunnerDirectory;
  /** It did begin: it outlives this process from now on. */
  letGo(): void;
  /** Ends it unused. Resolves when it is gone. */
  dismiss(): Promise<void>;
}

/** Starts a process in a directory that is its own. Throws {@link RunnerNotStartedError}, or {@link RunnerLateError}, which passes. */
export async function launchRunner(directory: RunnerDirectory, program: RunnerProgram): Promise<ReadyRunner> {
  directory.create();
  const child = start(directory, program);
  const gone = endOf(child);
  const { readyWithinMs = READY_WITHIN_MS } = program;
  let isLate = false;
  const timer = setTimeout(() => (isLate = child.kill('SIGKILL')), readyWithinMs);
  const failure = await Promise.race([gone, ...(child.stdout ? [ready(child.stdout)] : [])]);
  clearTimeout(timer);
  if (failure !== undefined) {
    const said = textOf(directory.log);
    const cause = writeFault(directory);
    directory.remove();
    throw isLate ? new RunnerLateError(readyWithinMs) : new RunnerNotStartedError(failure, said, cause);
  }
  [child, child.stdin as Socket, child.stdout as unknown as Socket].forEach(handle => handle.unref());
  return {
    directory,
    letGo: () => [child.stdin, child.stdout].forEach(stream => stream?.destroy()),
    dismiss: async () => {
      child.stdin?.destroy();
      await gone;
      directory.remove();
    },
  };
}

function start(directory: RunnerDirectory, { main, snapshot, environment }: RunnerProgram): ChildProcess {
  const log = openSync(directory.log, 'a', 0o600);
  const memory = snapshot === undefined ? ['--enable-source-maps'] : [...SNAPSHOT_OPTIONS, '--snapshot-blob', snapshot];
  try {
    const child = spawn(process.execPath, [...NODE_OPTIONS, ...memory, main, directory.path], {
      env: environment,
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'pipe', log],
    });
    child.stdin?.on('error', () => undefined); // it is gone: `exit` tells
    if (child.pid !== undefined) yieldToPlatform(child.pid);
    return child;
  } finally {
    closeSync(log);
  }
}

const NICE = 5;

/**
 * A crowd of agents must not keep people waiting who look at them: when processors are short, a runner gets a third of what a process
 * of the platform gets. With less, runs would stand still while the services of a cluster start again. A process that leads a session
 * is weighed with its session, where the kernel groups by sessions.
 */
function yieldToPlatform(pid: number): void {
  try {
    setPriority(pid, NICE);
    writeFileSync(`/proc/${pid}/autogroup`, String(NICE));
  } catch {
    // It is gone, or the kernel does not group by sessions: work goes on either way.
  }
}

/** It says one thing: that it is ready. Never resolves when it ends without. */
function ready(said: Readable): Promise<undefined> {
  return new Promise(resolve => said.once('data', () => resolve(undefined)));
}

/**
 * A small heap is collected often: a loop has little to keep. It waits more than it computes: the middle one of V8's compilers would be
 * 2 MB of resident memory for nothing.
 */
const NODE_OPTIONS = ['--max-semi-space-size=1', '--no-maglev'];

/**
 * Only what is very hot is worth V8's best compiler, which is 6 MB of resident memory as soon as it is used: the pieces of a model's answer pass
 * small functions often enough for its usual 3,000 calls. Its quick compiler begins to observe a function after 80 calls and not after 8: most of
 * what asks a model runs a few times in a turn, and being observed and compiled is 1 MB. A loop that waits gains nothing from a thread that compiles
 * beside it. Versions of Node.js that make no snapshots do not know all of these options.
 */
const SNAPSHOT_OPTIONS = [
  '--invocation-count-for-turbofan=30000',
  '--invocation-count-for-feedback-allocation=80',
  '--no-concurrent-sparkplug',
];

/** Why it is there no more. */
function endOf(child: ChildProcess): Promise<string> {
  return new Promise(resolve => {
    child.once('exit', (code, signal) => resolve(`it ended with ${signal ?? `exit code ${code}`}`));
    child.once('error', error => resolve(error.message));
  });
}

/** Where it could write nothing it could not say so either. */
function writeFault({ path }: RunnerDirectory): unknown {
  try {
    writeFileSync(`${path}/written`, Buffer.alloc(PAGE_BYTES), { mode: 0o600 });
    return undefined;
  } catch (error) {
    return error;
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim().slice(0, LOG_CHARS);
  } catch {
    return ''; // it never said anything
  }
}
