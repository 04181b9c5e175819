import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import type { Socket } from 'node:net';
import { dirname } from 'node:path';
import { text } from 'node:stream/consumers';
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
  #holder: ChildProcess | undefined;
  #reach: Promise<Reach> | undefined;

  /** `entrance` are directories that the uid passes by its group, although others may not. */
  constructor(tools: StageTools, sources: readonly string[], entrance: readonly string[]) {
    this.#tools = tools;
    this.#hidden = sources.filter(source => !reachableByOthers(source, entrance));
    const free = (place: string) => !sources.some(source => `${source}/`.startsWith(`${place}/`));
    this.#place = PLACES.find(place => existsSync(place) && free(place)) ?? '/run';
  }

  /** Makes the namespace when it is first needed, or when its holder was killed. */
  reach(): Promise<Reach> {
    if (this.#hidden.length === 0) return Promise.resolve(HERE);
    this.#reach ??= this.#make();
    return this.#reach;
  }

  close(): void {
    this.#holder?.stdin?.destroy();
    this.#forget();
  }

  async #make(): Promise<Reach> {
    const binds = this.#hidden.flatMap((source, index) => ['--bind', source, `${this.#place}/${index}`]);
    const argv = ['--dev-bind', '/', '/', '--tmpfs', this.#place, ...binds, '--', '/bin/sh', '-c', HOLD];
    const holder = spawn(this.#tools.bwrap, argv, { env: {}, cwd: '/', detached: true, stdio: 'pipe' });
    this.#holder = holder;
    holder.once('exit', () => this.#forget());
    holder.once('error', () => this.#forget());
    holder.stdin.on('error', () => undefined); // the holder is gone: its exit tells
    const pid = await firstLine(holder);
    [holder, holder.stdin as Socket, holder.stdout as Socket, holder.stderr as Socket].forEach(handle =>
      handle.unref(),
    );
    const staged = new Map(this.#hidden.map((source, index) => [source, `${this.#place}/${index}`]));
    return {
      launcher: [this.#tools.nsenter, `--mount=/proc/${pid}/ns/mnt`, '--'],
      pathOf: source => staged.get(source) ?? source,
    };
  }

  #forget(): void {
    this.#holder = undefined;
    this.#reach = undefined;
  }
}

async function firstLine(holder: ChildProcess): Promise<string> {
  const { stdout, stderr } = holder;
  if (!stdout || !stderr) throw new SandboxUnavailableError('bwrap could not be started', 'ulimit -n 4096');
  const complaint = text(stderr);
  const [line] = (await Promise.race([once(stdout, 'data'), once(holder, 'close').then(() => [''])])) as [Buffer | ''];
  const pid = line.toString().trim();
  if (/^\d+$/.test(pid)) return pid;
  throw new SandboxUnavailableError(
    `bwrap cannot bind what is below a closed directory: ${(await complaint).trim()}`,
    'move the data directory to where every user may pass, such as /var/lib',
  );
}

function reachableByOthers(path: string, entrance: readonly string[]): boolean {
  for (let at = dirname(path); ; at = dirname(at)) {
    if (!entrance.includes(at) && (statSync(at).mode & OTHERS_MAY_PASS) === 0) return false;
    if (at === '/') return true;
  }
}
