import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, realpathSync, renameSync } from 'node:fs';
import type { EgressRequest } from '../egress/egress-request.js';
import type { Relay, RelayTarget } from '../egress/key-relays.js';
import { detectControlGroups } from './control-group-detection.js';
import { forkHere } from '../forking/fork-here.js';
import type { Forks } from '../forking/forks.js';
import type { BeginTree } from './call-tree.js';
import type { CallJournal } from './call-journal.js';
import type { CallGroup, ControlGroups } from './control-groups.js';
import { killLeftovers, waitUntilDead } from './leftovers.js';
import { LocalSandbox } from './local-sandbox.js';
import { Removals } from './removals.js';
import { SandboxDirectory, type SandboxMeta } from './sandbox-directory.js';
import type { ExecRequest, LeftSandbox, SandboxSpec } from './sandbox-driver.js';
import type { UidSlots } from './uid-slots.js';

/** How a driver starts calls in one sandbox. */
export interface SandboxShape {
  readonly workspacePath: string;
  prepare(request: ExecRequest, group: CallGroup | undefined): Promise<BeginTree>;
  /** Left out: the tree of a call dies with whoever began it. */
  settle?(journal: CallJournal): Promise<void>;
  /** Default: no. */
  readonly startsSlowly?: boolean;
  /** Default: yes. */
  readonly filesAreHere?: boolean;
  /** Default: yes, where there are no control groups. */
  readonly watchMemory?: boolean;
  /** Tells of requests to the network until the answer is called; left out where there is none to tell of. */
  watch?(onEgress: (request: EgressRequest) => void): () => void;
  /** A way to one address outside, with a credential that is put in there. */
  relay(target: RelayTarget): Promise<Relay>;
  /** Ends what is kept between calls: at the end of the service, and when the sandbox is released. `inUse`: but for other processes. */
  close(inUse?: boolean): Promise<void>;
  /** Takes away what is kept elsewhere, when the sandbox is released. */
  remove?(): Promise<void>;
}

export interface SandboxPlace {
  readonly directory: SandboxDirectory;
  /** Host uid of the sandbox; undefined when it shares the service's own. */
  readonly uid: number | undefined;
}

/** What runs have beside their directories, as where a sandbox is a container. */
export interface Elsewhere {
  /** Runs of which there is something. */
  runs(): Promise<readonly string[]>;
  /** Takes away what there is of a run. Throws when it is not gone: its directory and its uid may be in use then. */
  remove(runId: string): Promise<void>;
}

export interface HomeOptions {
  readonly groups: boolean;
  readonly slots: UidSlots | undefined;
  /** Default: by this process itself. */
  readonly forks?: Forks | undefined;
  /** Swept with the directories; left out: there is nothing else. */
  readonly elsewhere?: Elsewhere;
}

/** All sandboxes of one service on this machine: their directories, uids and control groups, from making to sweeping. */
export class SandboxHome {
  readonly path: string;
  readonly groups: ControlGroups | undefined;
  readonly forks: Forks;
  readonly #slots: UidSlots | undefined;
  readonly #elsewhere: Elsewhere | undefined;
  readonly #open = new Map<string, Promise<LocalSandbox>>();
  readonly #removals = new Removals(runId => this.#remove(runId));

  constructor(homeDir: string, options: HomeOptions) {
    const isNew = !existsSync(homeDir);
    mkdirSync(homeDir, { recursive: true });
    if (isNew) chmodSync(homeDir, 0o711);
    this.path = realpathSync(homeDir);
    this.groups = options.groups ? detectControlGroups(groupName(this.path)) : undefined;
    this.#slots = options.slots;
    this.#elsewhere = options.elsewhere;
    this.forks = options.forks ?? forkHere;
  }

  /** For files of the driver itself; never swept. Its own entries may be passed, not listed, by every uid. */
  get settings(): string {
    const path = `${this.path}/.settings`;
    mkdirSync(path, { recursive: true, mode: 0o711 });
    return path;
  }

  /** One object per run and process: two that open the same run share its calls. */
  open(
    spec: SandboxSpec,
    shapeOf: (place: SandboxPlace) => SandboxShape | Promise<SandboxShape>,
  ): Promise<LocalSandbox> {
    const known = this.#open.get(spec.runId);
    if (known) return known;
    const opening = this.#openNow(spec, shapeOf);
    this.#open.set(spec.runId, opening);
    opening.catch(() => this.#open.delete(spec.runId));
    return opening;
  }

  /** Moving is one step, and a fence too: whoever had the sandbox finds neither workspace nor journal where they were. */
  async adopt({ runId, from, homeDir }: LeftSandbox): Promise<boolean> {
    const [left, own] = [homeDir, this.path].map(home => new SandboxDirectory(home, runId, this.forks)) as [
      SandboxDirectory,
      SandboxDirectory,
    ];
    if (left.meta()) {
      await killLeftovers(left.journal);
      await own.remove();
      left.markFrom(from);
      if (!moved(left.path, own.path)) return false;
    }
    await killLeftovers(own.journal); // what was begun between the first look and the move
    return own.from === from;
  }

  /** Runs that have a directory here. */
  runs(): string[] {
    return readdirSync(this.path, { withFileTypes: true })
      .filter(entry => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(entry => entry.name);
  }

  /**
   * Touches nothing that does not look like a sandbox: the directory may have been configured by mistake. One that cannot be
   * removed is told of when all others are.
   */
  async sweep(keep: ReadonlySet<string>): Promise<void> {
    const elsewhere = (await this.#elsewhere?.runs()) ?? [];
    const leftovers = [...new Set([...this.runs(), ...elsewhere])].filter(runId => !keep.has(runId));
    try {
      await this.#removals.sweep(leftovers);
    } finally {
      this.#slots?.sweep();
      // Those of leftovers go with them, or are tried again.
      await this.groups?.sweep(new Set([...keep, ...this.#open.keys(), ...leftovers]));
    }
  }

  /** Of sandboxes that are open in this process, also of those whose set-up was given up. */
  async close(inUse: ReadonlySet<string> = new Set()): Promise<void> {
    const opened = await Promise.allSettled(this.#open.values());
    const sandboxes = opened.flatMap(sandbox => (sandbox.status === 'fulfilled' ? [sandbox.value] : []));
    await Promise.all(sandboxes.map(sandbox => sandbox.close(inUse.has(sandbox.runId))));
  }

  async #openNow(
    spec: SandboxSpec,
    shapeOf: (place: SandboxPlace) => SandboxShape | Promise<SandboxShape>,
  ): Promise<LocalSandbox> {
    await this.#removals.over(spec.runId);
    const directory = new SandboxDirectory(this.path, spec.runId, this.forks);
    const uid = await this.#prepare(spec, directory);
    const shape = await shapeOf({ directory, uid });
    return new LocalSandbox({
      runId: spec.runId,
      forks: this.forks,
      directory,
      uid,
      workspacePath: shape.workspacePath,
      mounted: spec.profile.mounts.map(({ target }) => target),
      limits: spec.profile.limits,
      groups: this.groups?.sandbox(spec.runId, spec.profile.limits),
      startsSlowly: shape.startsSlowly ?? false,
      filesAreHere: shape.filesAreHere ?? true,
      watchMemory: shape.watchMemory ?? true,
      prepare: (request, group) => shape.prepare(request, group),
      settle: journal => (shape.settle ? shape.settle(journal) : waitUntilDead(journal)),
      watch: onEgress => shape.watch?.(onEgress) ?? (() => undefined),
      relay: target => shape.relay(target),
      close: inUse => shape.close(inUse),
      remove: () => shape.remove?.() ?? Promise.resolve(),
      left: () => this.#open.delete(spec.runId),
      released: () => {
        if (uid !== undefined) this.#slots?.free(uid, directory.path);
        this.#open.delete(spec.runId);
      },
    });
  }

  /** The sandbox's directory and uid: as they were left, or new. */
  async #prepare(spec: SandboxSpec, directory: SandboxDirectory): Promise<number | undefined> {
    const known = directory.meta();
    if (!known) directory.reserve();
    const uid = await this.#slots?.take(directory.path, known?.uid);
    const meta: SandboxMeta = {
      runId: spec.runId,
      workspaceId: spec.workspaceId,
      profile: spec.profile.slug,
      ...(uid !== undefined && { uid }),
    };
    if (!known) directory.create(meta);
    else if (uid !== undefined && uid !== known.uid) await directory.changeOwner({ ...meta, uid });
    return uid;
  }

  async #remove(runId: string): Promise<void> {
    const open = this.#open.get(runId);
    if (open) return (await open).release();
    await this.#elsewhere?.remove(runId);
    const directory = new SandboxDirectory(this.path, runId, this.forks);
    if (!existsSync(directory.path) || !directory.looksLikeASandbox) return;
    const uid = directory.meta()?.uid;
    await killLeftovers(directory.journal);
    await this.groups?.remove(runId);
    await directory.remove();
    if (uid !== undefined) this.#slots?.free(uid, directory.path);
  }
}

/** False when there is a file system in between, or no right to move: such a directory cannot be reached. */
function moved(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EXDEV' || code === 'EACCES' || code === 'EPERM' || code === 'ENOENT') return false;
    throw error;
  }
}

/** Groups of two services on one machine must not meet. */
function groupName(home: string): string {
  return `runledger-${createHash('sha256').update(home).digest('hex').slice(0, 12)}`;
}
