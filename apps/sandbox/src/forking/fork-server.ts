import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { identityOf, isAlive } from '../driver/process-tree.js';
import { forkHere } from './fork-here.js';
import type { ForkReport, ForkRequest } from './fork-requests.js';
import { ForkServerLostError, LONGEST_RUN_MS } from './forks.js';
import type { Forked, ForkOrder, Forks, Ran } from './forks.js';

/** Compiled, also where the service runs from its sources. */
const PROGRAM = fileURLToPath(new URL('../../dist/forking/fork-server-process.js', import.meta.url));
const POLL_MS = 5;

/** Hears what becomes of one request, until it says that nothing more will come. */
interface Hearer {
  /** False: more will come. */
  heard(report: ForkReport): boolean;
  /** Nobody is left who could tell. */
  lost(cause: Error): void;
}

/**
 * Starts processes from a small one of its own. To start a process its parent is copied, page table by page table, and stands still for
 * it: 600 MB cost 20 ms of processor time, the 45 MB of this server less than one. It is started when it is first needed and goes
 * with this process, however that ends; when it is killed, what it started goes too, and another takes its place.
 */
export class ForkServer implements Forks {
  readonly #hearers = new Map<number, Hearer>();
  #process: ChildProcess | undefined;
  #lastId = 0;

  start(order: ForkOrder, input?: Readable): Forked {
    if (input) return forkHere.start(order, input); // its bytes would go through one more process
    const forked = new ForkedThere(() => this.#tell({ id, letGo: true }));
    const id = this.#ask(id => ({ id, start: order }), forked);
    return forked;
  }

  run(program: string, argv: readonly string[], limitMs = LONGEST_RUN_MS): Promise<Ran> {
    return new Promise((resolve, reject) => {
      this.#ask(id => ({ id, run: { program, argv, limitMs } }), {
        heard: report => {
          if ('ran' in report) resolve(report.ran);
          else if ('failed' in report) reject(errorOf(report.failed));
          return true;
        },
        lost: reject,
      });
    });
  }

  #ask(request: (id: number) => ForkRequest, hearer: Hearer): number {
    const id = (this.#lastId += 1);
    this.#process ??= this.#launch();
    this.#hearers.set(id, hearer);
    this.#process.channel?.ref();
    this.#tell(request(id));
    return id;
  }

  /** What cannot be said is not heard: whoever waits learns it by the end of the server. */
  #tell(request: ForkRequest): void {
    if (this.#process?.connected) this.#process.send(request, error => error && this.#process?.kill('SIGKILL'));
  }

  #launch(): ChildProcess {
    const server = spawn(process.execPath, [PROGRAM], {
      ...{ env: {}, cwd: '/', detached: true, serialization: 'advanced' },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const lost = (cause: Error): void => {
      if (this.#process !== server) return;
      this.#process = undefined;
      const waiting = [...this.#hearers.values()];
      this.#hearers.clear();
      for (const hearer of waiting) hearer.lost(cause);
    };
    server.once('error', error =>
      lost(new Error(`the process that starts others could not be started: ${error.message}`)),
    );
    server.once('exit', (code, signal) => lost(new ForkServerLostError(`ended with ${signal ?? `exit code ${code}`}`)));
    server.on('message', (report: ForkReport) => this.#hear(server, report));
    server.unref(); // it does not keep a service alive that has nothing to do
    return server;
  }

  #hear(server: ChildProcess, report: ForkReport): void {
    if (this.#hearers.get(report.id)?.heard(report)) this.#hearers.delete(report.id);
    if (this.#hearers.size === 0) server.channel?.unref();
  }
}

/** A process of the fork server. */
class ForkedThere implements Forked, Hearer {
  pid: number | undefined;
  readonly exited: Promise<void>;
  #isGone!: () => void;
  #neverWas!: (cause: unknown) => void;

  constructor(readonly letGo: () => void) {
    this.exited = new Promise((resolve, reject) => {
      this.#isGone = resolve;
      this.#neverWas = reject;
    });
  }

  heard(report: ForkReport): boolean {
    if ('pid' in report) {
      this.pid = report.pid;
      return false;
    }
    if ('exited' in report) this.#isGone();
    else if ('failed' in report) this.#neverWas(errorOf(report.failed));
    return true;
  }

  /** The pipes that were held for it are broken, so it is about to end. */
  lost(cause: Error): void {
    if (this.pid === undefined) this.#neverWas(cause);
    else void untilGone(this.pid).then(() => this.#isGone());
  }
}

async function untilGone(pid: number): Promise<void> {
  const known = identityOf(pid);
  while (known && isAlive(known)) await sleep(POLL_MS);
}

function errorOf({ message, code }: { readonly message: string; readonly code?: string | undefined }): Error {
  return Object.assign(new Error(message), { code });
}
