import { timeLimited } from '@runledger/event-store';
import type { EgressRequest } from '../egress/egress-request.js';
import type { Relay, RelayTarget } from '../egress/key-relays.js';
import type { Forks } from '../forking/forks.js';
import { CallJournal, endOf, KILLED, type CallEnd } from './call-journal.js';
import type { CallGroup, ResourceLimits, SandboxGroups } from './control-groups.js';
import { DiskUse } from './disk-use.js';
import { joinSoon } from './joining-ahead.js';
import { mayHold } from './outside-look.js';
import { OutputDelivery } from './output-delivery.js';
import { RunningCall } from './running-call.js';
import type { ExecRequest, ExecResult, Sandbox, SandboxFiles } from './sandbox-driver.js';
import type { SandboxDirectory } from './sandbox-directory.js';
import { SandboxReleasedError, SandboxStalledError } from './sandbox-faults.js';
import type { BeginTree } from './call-tree.js';

export interface LocalSandboxParts {
  readonly runId: string;
  readonly forks: Forks;
  readonly directory: SandboxDirectory;
  /** Host uid of its files; undefined when they are the service's own. */
  readonly uid: number | undefined;
  readonly workspacePath: string;
  /** Where the profile mounts something. */
  readonly mounted: readonly string[];
  readonly limits: ResourceLimits;
  readonly groups: SandboxGroups | undefined;
  readonly startsSlowly: boolean;
  /** False where programs inside do not find their files on this machine. */
  readonly filesAreHere: boolean;
  /** False where something else than this process holds the memory limit, though no control group of ours does. */
  readonly watchMemory: boolean;
  /** Makes ready what the driver needs to start the program of a call. */
  prepare(request: ExecRequest, group: CallGroup | undefined): Promise<BeginTree>;
  /** Resolves when nothing of a call that an earlier process began is alive; its journal then holds what is known of it. */
  settle(journal: CallJournal): Promise<void>;
  /** Tells of requests to the network until the answer is called. */
  watch(onEgress: (request: EgressRequest) => void): () => void;
  relay(target: RelayTarget): Promise<Relay>;
  /** Ends what the driver keeps running between calls, but nothing that is in use by other processes. */
  close(inUse: boolean): Promise<void>;
  /** Takes away what the driver keeps elsewhere. */
  remove(): Promise<void>;
  /** The sandbox is out of use in this process. */
  left(): void;
  /** Gives back what the driver lent: uid, entry in its list. */
  released(): void;
}

/** An end is in the log before many more calls are made; until then it can be played back. What all calls printed would fill the disk. */
const MOST_KEPT_CALLS = 32;
/** What was killed is gone long before, unless the kernel does not let go of it. */
const DEATH_MS = 30_000;

/** A sandbox of this machine's service: what all drivers have in common is the journal and the life of a call. */
export class LocalSandbox implements Sandbox {
  readonly runId: string;
  readonly fresh: boolean;
  readonly files: SandboxFiles | undefined;
  readonly workspacePath: string;
  readonly startsSlowly: boolean;
  readonly #parts: LocalSandboxParts;
  readonly #running = new Map<string, RunningCall>();
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #disk: DiskUse;
  readonly #kept: CallJournal[] = [];
  #released: Promise<void> | undefined;

  constructor(parts: LocalSandboxParts) {
    this.#parts = parts;
    this.runId = parts.runId;
    this.workspacePath = parts.workspacePath;
    this.startsSlowly = parts.startsSlowly;
    const { workspace, home } = parts.directory;
    this.files = parts.filesAreHere ? { workspace, home, uid: parts.uid } : undefined;
    this.fresh = !parts.directory.ready;
    this.#disk = new DiskUse(parts.forks, parts.filesAreHere ? [workspace, home] : [], parts.limits.workspaceBytes);
  }

  /** Calls of different ids run side by side; one that is asked for twice runs once and is played back to the second. */
  async exec(request: ExecRequest): Promise<ExecResult> {
    const journal = new CallJournal(this.#parts.directory.journal, request.callId);
    const before = this.#turns.get(journal.name);
    const next = (): Promise<ExecResult> => this.#execNow(request, journal);
    const turn = (before ?? Promise.resolve()).then(next, next);
    this.#turns.set(journal.name, turn);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(journal.name) === turn) this.#turns.delete(journal.name);
    }
  }

  mayHold(path: string): Promise<boolean> {
    const { directory, workspacePath, mounted, filesAreHere } = this.#parts;
    if (!filesAreHere) return Promise.resolve(true);
    return mayHold({ workspace: directory.workspace, workspacePath, mounted }, path);
  }

  relay(target: RelayTarget): Promise<Relay> {
    return this.#parts.relay(target);
  }

  markReady(): Promise<void> {
    this.#parts.directory.markReady();
    return Promise.resolve();
  }

  markUnready(): Promise<void> {
    this.#parts.directory.markUnready();
    return Promise.resolve();
  }

  /** Stops every process of the sandbox where it stands, without using processor time. */
  freeze(): void {
    this.#parts.groups?.freeze();
  }

  thaw(): void {
    this.#parts.groups?.thaw();
  }

  /** Gives back what this process holds of the machine; groups that are `inUse` by other processes stay. No call may follow. */
  async close(inUse = false): Promise<void> {
    await this.#parts.close(inUse);
    if (!inUse) await this.#parts.groups?.remove();
  }

  release(): Promise<void> {
    this.#released ??= this.#release().catch((error: unknown) => {
      this.#parts.left(); // the next sweep finds it as a leftover
      throw error;
    });
    return this.#released;
  }

  leave(): Promise<void> {
    this.#released ??= this.#putDown().finally(() => this.#parts.left());
    return this.#released;
  }

  async #release(): Promise<void> {
    await this.#putDown();
    await this.#parts.remove();
    await this.#parts.directory.remove();
    this.#parts.released();
  }

  async #putDown(): Promise<void> {
    const calls = [...this.#running.values()];
    this.thaw();
    const ended = Promise.all([...calls.map(call => call.abandon()), Promise.allSettled(this.#turns.values())]);
    const undying = () => new SandboxStalledError(`what ran in that of ${this.runId} does not die`);
    try {
      await timeLimited(ended, DEATH_MS, undying);
    } finally {
      await this.close();
    }
  }

  async #execNow(request: ExecRequest, journal: CallJournal): Promise<ExecResult> {
    if (this.#released) throw new SandboxReleasedError(this.runId);
    const known = journal.end() ?? (await this.#recover(journal));
    if (known) return this.#replay(request, journal, known);
    if (request.signal?.aborted) return { why: 'cancelled', exitCode: 143, durationMs: 0, replayed: false };
    if (this.#disk.isLost) return { why: 'output-limit', exitCode: KILLED, durationMs: 0, replayed: false };
    try {
      return { ...(await this.#run(request, journal)), replayed: false };
    } catch (error) {
      // Whatever it failed by: what it needed was taken away.
      if (this.#released) throw new SandboxReleasedError(this.runId);
      throw error;
    } finally {
      if (request.forget) journal.forget();
    }
  }

  async #run(request: ExecRequest, journal: CallJournal): Promise<CallEnd> {
    const group = this.#parts.groups?.call(journal.name);
    await group?.prepare();
    if (group) joinSoon(); // not before: making a group would wait for it
    const begin = await this.#parts.prepare(request, group);
    if (this.#released) throw new SandboxReleasedError(this.runId);
    journal.begin(request.callId);
    const call = new RunningCall({
      request,
      journal,
      group,
      begin,
      limits: { ...this.#parts.limits, ...(request.outputBytes && { outputBytes: request.outputBytes }) },
      disk: this.#disk,
      watchMemory: this.#parts.watchMemory && group === undefined,
      thaw: () => this.thaw(),
    });
    this.#running.set(journal.name, call);
    const unwatch = request.onEgress && this.#parts.watch(one => request.onEgress?.(one));
    try {
      const end = await call.run();
      if (!request.forget) this.#keep(journal); // else it goes at once, and pushes out nobody
      return end;
    } finally {
      unwatch?.();
      this.#running.delete(journal.name);
    }
  }

  /** Of a call that has ended: one that failed is made again, under the same name. */
  #keep(journal: CallJournal): void {
    this.#kept.push(journal);
    if (this.#kept.length > MOST_KEPT_CALLS) this.#kept.shift()?.forget();
  }

  /**
   * What an earlier process left of this call. Its lifeline broke with that process, so the tree is dead or dying: after
   * the supervisor's last act the facts decide whether the call had ended; if not, it is run again from the start (R2).
   */
  async #recover(journal: CallJournal): Promise<CallEnd | undefined> {
    await this.#parts.settle(journal);
    if (!journal.supervisorEnded) return undefined;
    const group = this.#parts.groups?.call(journal.name);
    const found = endOf({
      stopped: journal.stopped(),
      exitCode: journal.exitCode(),
      oomKills: group?.oomKills() ?? 0,
      overLimit: journal.spooledBytes() > this.#parts.limits.outputBytes,
    });
    if (!found) return undefined;
    const end = { ...found, durationMs: journal.elapsedMs() };
    journal.finish(end);
    await group?.remove();
    return end;
  }

  async #replay(request: ExecRequest, journal: CallJournal, end: CallEnd): Promise<ExecResult> {
    const limitBytes = request.outputBytes ?? this.#parts.limits.outputBytes;
    const delivery = await OutputDelivery.open(journal, request, limitBytes);
    try {
      await delivery.replay(journal.deliveries());
    } finally {
      await delivery.close();
    }
    return { ...end, replayed: true };
  }
}
