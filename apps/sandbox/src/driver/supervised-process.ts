import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import type { CallJournal } from './call-journal.js';
import { CallNotStartedError } from './sandbox-faults.js';
import { supervisorScript } from './supervisor-script.js';

/** What a driver contributes to one call: how its program is started, and from inside which groups. */
export interface CallLaunch {
  /** Brings the supervisor to where the sources can be reached; empty when they can be from here. */
  readonly stage: readonly string[];
  /** The program and all its arguments; runs as the supervisor's child with descriptors 3 (arguments), 4 and 5. */
  readonly argv: readonly string[];
  /** NUL-separated on descriptor 3. */
  readonly hiddenArguments: readonly string[];
  /** Opened on descriptor 4. */
  readonly seccompProgram?: string;
  /** Owner of the pipes, so that `/dev/stdout` can be opened by name inside. */
  readonly uid?: number;
  readonly joinPaths: readonly string[];
  /** True when the program does not write bwrap's status itself. */
  readonly recordExitCode: boolean;
  readonly openFiles: number;
  /** Largest file that the call can write. */
  readonly fileBytes?: number;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

const BLOCK_BYTES = 512;
const LIFELINE_FD = 6;
const CLOSE_ON_EXEC = 0o2000000;

export interface SupervisedCall {
  readonly callId: string;
  readonly stdin?: Buffer;
  readonly input?: Readable;
  /** Most output per channel that is spooled. */
  readonly maxBytes: number;
}

/** The supervisor of one call as the service sees it: its end, and the lifeline that takes the tree down. */
export class SupervisedProcess {
  /** Resolves when the supervisor is gone, and with it every process of the call. */
  readonly exited: Promise<void>;
  readonly #child: ChildProcess;

  constructor(journal: CallJournal, launch: CallLaunch, call: SupervisedCall) {
    const settings = supervisorArguments(journal, launch, call.maxBytes);
    const [program, ...argv] = [...launch.stage, '/bin/sh', '-c', supervisorScript, 'runledger-call', ...settings];
    const files = openFiles(journal, launch, call.stdin);
    try {
      this.#child = spawn(program ?? '/bin/sh', [...argv, ...launch.argv], {
        env: launch.env,
        cwd: launch.cwd,
        detached: true,
        stdio: [
          call.input ? 'pipe' : files.stdin,
          'ignore',
          'ignore',
          files.arguments,
          files.seccomp,
          files.status,
          'pipe',
          ...covers(),
        ],
      });
    } finally {
      Object.values(files).forEach(closeSync);
    }
    this.exited = new Promise((resolve, reject) => {
      this.#child.once('exit', () => resolve());
      this.#child.once('error', cause => reject(new CallNotStartedError(call.callId, cause.message, cause)));
    });
    this.#feed(call.input);
    this.#lifeline?.on('error', () => undefined); // it broke because the supervisor is gone: `exited` tells
  }

  #feed(input: Readable | undefined): void {
    const { stdin } = this.#child;
    if (!input || !stdin) return;
    stdin.on('error', () => input.unpipe(stdin)); // whoever was to read it is gone: `exited` tells
    input.pipe(stdin);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Lets go of the tree: it is killed at once and leaves no exit code, as if the service had died. */
  abandon(): void {
    this.#lifeline?.destroy();
  }

  get #lifeline(): Writable | undefined {
    // Without a free descriptor there is no process and no stdio at all.
    return (this.#child.stdio as readonly unknown[] | undefined)?.[LIFELINE_FD] as Writable | undefined;
  }
}

function supervisorArguments(journal: CallJournal, launch: CallLaunch, maxBytes: number): string[] {
  return [
    journal.path,
    String(blocksOf(maxBytes) + 1),
    launch.uid === undefined ? '' : String(launch.uid),
    launch.joinPaths.join(' '),
    launch.recordExitCode ? 'record' : '',
    String(launch.openFiles),
    launch.fileBytes === undefined ? '' : String(blocksOf(launch.fileBytes)),
  ];
}

function blocksOf(bytes: number): number {
  return Math.ceil(bytes / BLOCK_BYTES);
}

function openFiles(journal: CallJournal, launch: CallLaunch, stdin: Buffer | undefined) {
  return {
    stdin: stdin === undefined ? openSync('/dev/null', 'r') : openHidden(`${journal.path}/stdin`, stdin),
    arguments: openHidden(`${journal.path}/arguments`, hidden(launch.hiddenArguments)),
    seccomp: openSync(launch.seccompProgram ?? '/dev/null', 'r'),
    status: openSync(journal.statusPath(), 'a', 0o600),
  };
}

function hidden(parts: readonly string[]): Buffer {
  return Buffer.from(parts.map(part => `${part}\0`).join(''));
}

/** A file that only its descriptor leads to: what is in it is not left on disk. */
function openHidden(path: string, content: Buffer): number {
  writeFileSync(path, content, { mode: 0o600 });
  const descriptor = openSync(path, 'r');
  unlinkSync(path);
  return descriptor;
}

/**
 * Descriptors that this process inherited without close-on-exec would leak into the sandbox: /dev/null takes their place.
 * Node opens none such itself, so looking once is enough.
 */
function covers(): 'ignore'[] {
  highestLeak ??= Math.max(LIFELINE_FD, ...readdirSync('/proc/self/fd').map(Number).filter(isInheritable));
  return Array.from({ length: highestLeak - LIFELINE_FD }, () => 'ignore' as const);
}

let highestLeak: number | undefined;

function isInheritable(descriptor: number): boolean {
  try {
    const flags = /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0;
  } catch {
    return false; // closed since it was listed
  }
}
