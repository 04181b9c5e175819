import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { Fault } from '@runledger/kernel';
import { runOut, runWell } from '../forking/commands.js';
import type { Forks } from '../forking/forks.js';

/** Who a sandbox belongs to; written last when it is made, so that a directory without it was never finished. */
export interface SandboxMeta {
  readonly runId: string;
  readonly workspaceId: string;
  readonly profile: string;
  /** Host uid of everything that runs in it; undefined when the service is an ordinary user and all share its own. */
  readonly uid?: number;
}

/**
 * The directory of one run's sandbox: `workspace/`, `home/`, `journal/`, `meta.json`, `ready`, and `from` when it was moved;
 * where it is a container, also `calls/` and `identity/`, and where it is a pod, `pod`.
 */
export class SandboxDirectory {
  readonly path: string;
  readonly workspace: string;
  readonly home: string;
  readonly journal: string;
  /** What a container writes down of its calls. */
  readonly calls: string;
  /** Files that give names to the user inside a container. */
  readonly identity: string;

  constructor(
    homeDir: string,
    runId: string,
    private readonly forks: Forks,
  ) {
    if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,200}$/.test(runId)) {
      throw new Fault('INVALID_RUN_ID', `Run id ${JSON.stringify(runId)} cannot name a directory.`);
    }
    this.path = `${homeDir}/${runId}`;
    this.workspace = `${this.path}/workspace`;
    this.home = `${this.path}/home`;
    this.journal = `${this.path}/journal`;
    this.calls = `${this.path}/calls`;
    this.identity = `${this.path}/identity`;
  }

  meta(): SandboxMeta | undefined {
    if (!existsSync(this.#metaPath)) return undefined;
    return JSON.parse(readFileSync(this.#metaPath, 'utf8')) as SandboxMeta;
  }

  /** From now on it holds what it is given: a uid whose holder is not there would be free for the next one who asks. */
  reserve(): void {
    mkdirSync(this.path, { recursive: true, mode: 0o700 });
  }

  /** Only the service and, through its group, the sandbox's own uid pass the directory; the journal is the service's alone. */
  create(meta: SandboxMeta): void {
    this.reserve();
    for (const left of readdirSync(this.path)) rmSync(`${this.path}/${left}`, { recursive: true, force: true });
    for (const inner of [this.workspace, this.home, this.journal]) mkdirSync(inner, { mode: 0o700 });
    this.#giveTo(meta.uid);
    this.writeMeta(meta);
  }

  writeMeta(meta: SandboxMeta): void {
    writeFileSync(`${this.#metaPath}.tmp`, JSON.stringify(meta), { mode: 0o600 });
    renameSync(`${this.#metaPath}.tmp`, this.#metaPath);
  }

  /** Another uid than before, because the old one was given away while the service was down. */
  async changeOwner(meta: SandboxMeta & { readonly uid: number }): Promise<void> {
    this.#giveTo(meta.uid);
    await runWell(this.forks, 'chown', ['-hR', `${meta.uid}:${meta.uid}`, this.workspace, this.home]);
    this.writeMeta(meta);
  }

  /** True when nothing but a sandbox's own entries is in it. */
  get looksLikeASandbox(): boolean {
    const own = [
      'workspace',
      'home',
      'journal',
      'calls',
      'identity',
      'ready',
      'pod',
      'from',
      'meta.json',
      'meta.json.tmp',
    ];
    return readdirSync(this.path).every(name => own.includes(name));
  }

  get ready(): boolean {
    return existsSync(`${this.path}/ready`);
  }

  /** For calls in containers; the sandbox's own. */
  makeCalls(uid: number | undefined): void {
    mkdirSync(this.calls, { recursive: true, mode: 0o700 });
    if (uid !== undefined) chownSync(this.calls, uid, uid);
  }

  markReady(): void {
    writeFileSync(`${this.path}/ready`, '', { mode: 0o600 });
  }

  markUnready(): void {
    rmSync(`${this.path}/ready`, { force: true });
  }

  /** The uid of the pod that holds its files; undefined while there is none. */
  get pod(): string | undefined {
    return existsSync(`${this.path}/pod`) ? readFileSync(`${this.path}/pod`, 'utf8') : undefined;
  }

  set pod(uid: string | undefined) {
    if (uid === this.pod) return;
    if (uid === undefined) rmSync(`${this.path}/pod`, { force: true });
    else writeFileSync(`${this.path}/pod`, uid, { mode: 0o600 });
  }

  /** Which worker it was moved here from; undefined when it was made here. */
  get from(): string | undefined {
    return existsSync(`${this.path}/from`) ? readFileSync(`${this.path}/from`, 'utf8') : undefined;
  }

  /** Before the move, so that a sandbox that is in its new place says where it came from. */
  markFrom(worker: string): void {
    writeFileSync(`${this.path}/from`, worker, { mode: 0o600 });
  }

  /** `rm` rather than Node: names need not be UTF-8, and a sandbox may leave directories that it made unreadable. Can be repeated. */
  async remove(): Promise<void> {
    if (!existsSync(this.path)) return;
    rmSync(this.#metaPath, { force: true });
    await runOut(this.forks, 'chmod', ['-R', 'u+rwX', '--', this.path]).catch(() => undefined); // rm will say what really hinders
    await runWell(this.forks, 'rm', ['-rf', '--', this.path]);
  }

  #giveTo(uid: number | undefined): void {
    if (uid === undefined) return;
    chownSync(this.path, 0, uid);
    chmodSync(this.path, 0o710);
    for (const inner of [this.workspace, this.home]) chownSync(inner, uid, uid);
  }

  get #metaPath(): string {
    return `${this.path}/meta.json`;
  }
}
