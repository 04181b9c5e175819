import { watch, type FSWatcher } from 'node:fs';
import type { CallEnd, CallJournal, StopReason } from './call-journal.js';
import { endOf } from './call-journal.js';
import type { BeginTree, CallTree } from './call-tree.js';
import { CallWatch, type WatchedCall } from './call-watch.js';
import type { CallGroup } from './control-groups.js';
import { OutputDelivery } from './output-delivery.js';
import type { ExecRequest } from './sandbox-driver.js';
import { CallCutOffError, CallNotStartedError, CallTakenError } from './sandbox-faults.js';

const DEFAULT_GRACE_MS = 2_000;
const KILL_PATIENCE_MS = 2_000;
const POLL_MS = 100;
/** Node fires at once when a delay does not fit 31 bits. */
const LONGEST_TIMER_MS = 2_147_483_647;

export interface CallSettings extends WatchedCall {
  readonly request: ExecRequest;
  readonly begin: BeginTree;
  readonly group: CallGroup | undefined;
  /** The frozen cannot die. */
  thaw(): void;
}

/** One call from spawn to `exit.json`: hands over its output, holds it to its time and limits, and stops it when asked. */
export class RunningCall {
  readonly #settings: CallSettings;
  readonly #journal: CallJournal;
  readonly #tree: CallTree;
  readonly #startedAt = performance.now();
  readonly #timers = new Set<NodeJS.Timeout>();
  #stopping = false;
  #gone = false;
  #wake: () => void = () => undefined;

  constructor(settings: CallSettings) {
    this.#settings = settings;
    this.#journal = settings.journal;
    const { request, journal } = settings;
    this.#tree = settings.begin({
      request,
      journal,
      ...(request.stdin && { stdin: request.stdin }),
      ...(request.input && { input: request.input }),
      maxBytes: settings.limits.outputBytes,
    });
  }

  /** Resolves when nothing of the call is left alive and its end is on disk. */
  async run(): Promise<CallEnd> {
    const { request } = this.#settings;
    const onAbort = (): void => this.stop('cancelled', request.signal?.reason === 'force' ? 0 : this.#graceMs);
    request.signal?.addEventListener('abort', onAbort, { once: true });
    if (request.signal?.aborted) onAbort();
    this.#after(request.timeoutMs, () => this.stop('timeout', this.#graceMs));
    try {
      await this.#follow();
    } catch (error) {
      this.#tree.abandon(); // unfinished on purpose: it will be run again
      await this.#tree.exited.catch(() => undefined); // the first error is the one to tell
      throw error;
    } finally {
      request.signal?.removeEventListener('abort', onAbort);
      this.#timers.forEach(clearTimeout);
    }
    return this.#conclude();
  }

  /** Asks every process to end, then kills. The first reason stays, a later call may only be quicker. */
  stop(why: StopReason, graceMs: number): void {
    if (this.#gone) return;
    if (!this.#journal.isThere) return this.#tree.abandon(); // taken over: there is nothing to write down
    this.#journal.stop(why);
    this.#settings.thaw();
    if (graceMs <= 0) {
      this.#kill();
      return;
    }
    if (this.#stopping) return;
    this.#stopping = true;
    this.#tree.terminate();
    this.#after(graceMs, () => this.#kill());
  }

  /** Kills the tree without an end: the call counts as never finished. For `release`. */
  async abandon(): Promise<void> {
    this.#tree.abandon();
    await this.#tree.exited.catch(() => undefined); // it never was
  }

  #kill(): void {
    this.#settings.thaw();
    this.#tree.kill();
    this.#after(KILL_PATIENCE_MS, () => {
      this.#settings.thaw();
      this.#tree.abandon();
    });
  }

  async #follow(): Promise<void> {
    const { request, limits } = this.#settings;
    const limitWatch = new CallWatch(
      this.#settings,
      why => this.stop(why, 0),
      () => this.#tree.abandon(),
    );
    const spoolWatch = watchIfPossible(this.#journal.path, () => {
      limitWatch.check();
      this.#wake();
    });
    const delivery = await OutputDelivery.open(this.#journal, request, limits.outputBytes);
    const gone = this.#tree.exited.finally(() => {
      this.#gone = true;
      this.#wake();
    });
    gone.catch(() => undefined); // awaited below, after the loop
    try {
      while (!this.#gone) {
        await delivery.deliverNew();
        if (!this.#gone) await this.#woken();
      }
      await gone;
      await delivery.deliverNew();
    } finally {
      spoolWatch?.close();
      if (await limitWatch.close()) this.#journal.stop('output-limit');
      await delivery.close();
    }
  }

  async #woken(): Promise<void> {
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, POLL_MS); // a notice may come between the last read and here
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #conclude(): Promise<CallEnd> {
    this.#tree.abandon(); // should its supervisor have been killed, nothing of its tree may outlive it
    const { group, limits, request } = this.#settings;
    if (!this.#journal.isThere) throw new CallTakenError(request.callId);
    const found = endOf({
      stopped: this.#journal.stopped(),
      exitCode: this.#tree.exitCode ? this.#tree.exitCode() : this.#journal.exitCode(),
      oomKills: group?.oomKills() ?? this.#tree.oomKills?.() ?? 0,
      overLimit: this.#journal.spooledBytes() > limits.outputBytes,
    });
    if (!found && this.#journal.hasBegun) throw new CallCutOffError(request.callId);
    if (!found) throw new CallNotStartedError(request.callId, this.#journal.complaint());
    const end = { ...found, durationMs: Math.round(performance.now() - this.#startedAt) };
    this.#journal.finish(end);
    await group?.remove();
    return end;
  }

  get #graceMs(): number {
    return this.#settings.request.graceMs ?? DEFAULT_GRACE_MS;
  }

  #after(delayMs: number, action: () => void): void {
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        action();
      },
      Math.min(delayMs, LONGEST_TIMER_MS),
    );
    this.#timers.add(timer);
  }
}

/** The kernel's watches are limited per user; without one, output is seen at the next poll. */
function watchIfPossible(path: string, onChange: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(path, onChange);
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}
