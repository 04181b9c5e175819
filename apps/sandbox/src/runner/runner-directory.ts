import {
  existsSync,
  mkdirSync,
  openSync,
  closeSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { once } from 'node:events';
import { isAlive, parseStat, signalQuietly } from '../driver/process-tree.js';
import type { ProcessIdentity } from '../driver/process-tree.js';
import type { RunnerExit, RunnerSpec } from './runner-protocol.js';

/**
 * The directory of one runner: `runner.json` (which process), `ctl.sock`, `spec.json` (what it does; written when it begins),
 * `spool/`, `exit.json` (how it ended), `blobs/`, `log`. Whoever finds it knows everything about the runner, alive or not.
 */
export class RunnerDirectory {
  constructor(readonly path: string) {}

  /** Those below a directory; of each name one. */
  static allIn(parent: string): RunnerDirectory[] {
    if (!existsSync(parent)) return [];
    return readdirSync(parent).map(name => new RunnerDirectory(`${parent}/${name}`));
  }

  create(): void {
    mkdirSync(this.path, { recursive: true, mode: 0o700 });
    mkdirSync(this.blobs, { mode: 0o700 });
  }

  get spool(): string {
    return `${this.path}/spool`;
  }

  get blobs(): string {
    return `${this.path}/blobs`;
  }

  get log(): string {
    return `${this.path}/log`;
  }

  get isThere(): boolean {
    return existsSync(`${this.path}/runner.json`);
  }

  writeIdentity(): void {
    const own = parseStat(readFileSync('/proc/self/stat', 'utf8'));
    this.#write('runner.json', { pid: own?.pid, startTicks: own?.startTicks });
  }

  writeSpec(spec: RunnerSpec): void {
    this.#write('spec.json', spec);
  }

  writeExit(exit: RunnerExit): void {
    this.#write('exit.json', exit);
  }

  /** Undefined: it never began anything. */
  spec(): RunnerSpec | undefined {
    return this.#read('spec.json') as RunnerSpec | undefined;
  }

  /** Undefined: it still works, or was killed. */
  exit(): RunnerExit | undefined {
    return this.#read('exit.json') as RunnerExit | undefined;
  }

  get isAlive(): boolean {
    const identity = this.#identity();
    return identity !== undefined && isAlive(identity);
  }

  /** Ends the process where it stands; its calls end with it. */
  kill(): void {
    const identity = this.#identity();
    if (identity && isAlive(identity)) signalQuietly(identity.pid, 'SIGKILL');
  }

  /** Addresses of sockets are short: the way leads over a descriptor of the directory, however long its path is. */
  async connect(): Promise<Socket> {
    const descriptor = openSync(this.path, 'r');
    try {
      const socket = connect(`/proc/self/fd/${descriptor}/ctl.sock`);
      await once(socket, 'connect');
      return socket;
    } finally {
      closeSync(descriptor);
    }
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }

  #identity(): ProcessIdentity | undefined {
    return this.#read('runner.json') as ProcessIdentity | undefined;
  }

  #write(name: string, content: unknown): void {
    writeFileSync(`${this.path}/${name}.tmp`, JSON.stringify(content), { mode: 0o600 });
    renameSync(`${this.path}/${name}.tmp`, `${this.path}/${name}`);
  }

  #read(name: string): unknown {
    try {
      return JSON.parse(readFileSync(`${this.path}/${name}`, 'utf8'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }
}
