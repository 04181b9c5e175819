import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readlinkSync, statSync } from 'node:fs';
import type { Socket } from 'node:net';
import { dirname } from 'node:path';
import { text } from 'node:stream/consumers';
import { ANSWER_MS, answerOf, despiteMountsThatGo } from './machine-view.js';
import { signalQuietly } from './process-tree.js';
import { SandboxUnavailableError } from './sandbox-faults.js';

const OTHERS_MAY_PASS = 0o001;
/** Directories of nearly every system; one that holds none of the sources is covered in a mount namespace of our own. */
const PLACES = ['/mnt', '/media', '/srv', '/opt', '/var/tmp', '/tmp', '/run'];
/** Says its host pid, then waits for its standard input to end, which it does at the latest with the service. */
const HOLD = 'read -r pid rest </proc/self/stat; echo "$pid"; read -r line';

/** Where the sources of a sandbox can be reached from, and the command that brings a program there. */
export interface Reach {
  readonly launcher: readonly string[];
  readonly pathOf: (source: string) => string;
}

export interface StageTools {
  readonly bwrap: string;
  readonly nsenter: string;
}

interface Held extends Reach {
  readonly holder: ChildProcess;
  readonly namespace: string;
}

const HERE: Reach = { launcher: [], pathOf: source => source };

/**
 * bwrap runs as the sandbox's own uid, which cannot pass a directory like `/root`. Sources below one are first bound to a
 * place that it can reach, in a mount namespace that a waiting shell holds open, still privileged: making one for each
 * call would cost twice as much as the call.
 */
export class Stage {
  readonly #tools: StageTools;
  readonly #hidden: readonly string[];
  readonly #place: string;
  readonly #answerMs: number;
  #holder: ChildProcess | undefined;
  #reach: Promise<Held> | undefined;

  /** `entrance` are directories that the uid passes by its group, although others may not. `answerMs`: most that making it may take. */
  constructor(tools: StageTools, sources: readonly string[], entrance: readonly string[], answerMs = ANSWER_MS) {
    this.#tools = tools;
    this.#answerMs = answerMs;
    this.#hidden = sources.filter(source => !reachableByOthers(source, entrance));
    const free = (place: string) => !sources.some(source => `${source}/`.startsWith(`${place}/`));
    this.#place = PLACES.find(place => existsSync(place) && free(place)) ?? '/run';
  }

  /** Makes the namespace when it is first needed, and again when its holder was killed; one at a time. */
  reach(): Promise<Reach> {
    if (this.#hidden.length === 0) return Promise.resolve(HERE);
    const again = (): Promise<Held> => despiteMountsThatGo(() => this.#make());
    this.#reach = this.#reach ? this.#reach.then(held => (this.#isHeld(held) ? held : again()), again) : again();
    return this.#reach;
  }

  /** Resolves when the holder is gone, and the namespace with it. */
  async close(): Promise<void> {
    const holder = this.#holder;
    this.#reach = undefined;
    if (!holder || holder.exitCode !== null || holder.signalCode !== null) return;
    const gone = once(holder, 'exit');
    holder.ref();
    holder.stdin?.destroy();
    await answerOf(gone, { limitMs: this.#answerMs, kill: () => killGroupOf(holder) });
  }

  #isHeld({ holder, namespace }: Held): boolean {
    const known = holder.exitCode === null && holder.signalCode === null;
    // A holder may be dead before this process hears of it, and only then lets go of the shell inside.
    return known && isThere(`/proc/${holder.pid}/ns/mnt`) && isThere(namespace);
  }

  async #make(): Promise<Held> {
    const binds = this.#hidden.flatMap((source, index) => ['--bind', source, `${this.#place}/${index}`]);
    const argv = ['--dev-bind', '/', '/', '--tmpfs', this.#place, ...binds, '--', '/bin/sh', '-c', HOLD];
    const holder = spawn(this.#tools.bwrap, argv, { env: {}, cwd: '/', detached: true, stdio: 'pipe' });
    this.#holder = holder;
    holder.stdin.on('error', () => undefined); // the holder is gone: its exit tells
    const pid = await this.#firstLine(holder);
    [holder, holder.stdin as Socket, holder.stdout as Socket, holder.stderr as Socket].forEach(handle =>
      handle.unref(),
    );
    const staged = new Map(this.#hidden.map((source, index) => [source, `${this.#place}/${index}`]));
    const namespace = `/proc/${pid}/ns/mnt`;
    return {
      holder,
      namespace,
      launcher: [this.#tools.nsenter, `--mount=${namespace}`, '--'],
      pathOf: source => staged.get(source) ?? source,
    };
  }

  async #firstLine(holder: ChildProcess): Promise<string> {
    const { stdout, stderr } = holder;
    if (!stdout || !stderr) throw new SandboxUnavailableError('bwrap could not be started', 'ulimit -n 4096');
    const complaint = text(stderr);
    const gone = once(holder, 'close').then(() => ['']);
    const said = Promise.race([once(stdout, 'data'), gone]) as Promise<[Buffer | '']>;
    const [line] = await answerOf(said, { limitMs: this.#answerMs, kill: () => killGroupOf(holder) });
    const pid = line.toString().trim();
    if (/^\d+$/.test(pid)) return pid;
    throw new SandboxUnavailableError(
      `bwrap cannot bind what is below a closed directory: ${(await complaint).trim()}`,
      'move the data directory to where every user may pass, such as /var/lib',
    );
  }
}

/** The shell inside is of the group that its holder leads. */
function killGroupOf({ pid }: ChildProcess): void {
  if (pid !== undefined) signalQuietly(-pid, 'SIGKILL');
}

/** Of a zombie nothing is left to enter. */
function isThere(namespace: string): boolean {
  try {
    readlinkSync(namespace);
    return true;
  } catch {
    return false;
  }
}

function reachableByOthers(path: string, entrance: readonly string[]): boolean {
  for (let at = dirname(path); ; at = dirname(at)) {
    if (!entrance.includes(at) && (statSync(at).mode & OTHERS_MAY_PASS) === 0) return false;
    if (at === '/') return true;
  }
}
