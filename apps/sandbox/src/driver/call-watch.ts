import type { ResourceLimits } from './control-groups.js';
import type { CallJournal, StopReason } from './call-journal.js';
import type { DiskUse } from './disk-use.js';
import { livingInit, residentBytesUnder } from './process-tree.js';

const TICK_MS = 100;

export interface WatchedCall {
  readonly journal: CallJournal;
  readonly limits: ResourceLimits;
  /** Of all calls of the sandbox. */
  readonly disk: DiskUse;
  /** False where control groups hold the memory limit. */
  readonly watchMemory: boolean;
}

/**
 * The limits that no kernel mechanism holds here: seen a moment late, then the call is stopped. `check` is cheap and may
 * be called whenever output arrives.
 */
export class CallWatch {
  readonly #call: WatchedCall;
  readonly #onBreach: (why: StopReason) => void;
  readonly #timer: NodeJS.Timeout;
  #isOver = false;
  #looking: Promise<void> = Promise.resolve();

  /** `onTaken`: the journal is not there any more. */
  constructor(
    call: WatchedCall,
    onBreach: (why: StopReason) => void,
    private readonly onTaken: () => void,
  ) {
    this.#call = call;
    this.#onBreach = onBreach;
    this.#timer = setInterval(() => this.check(), TICK_MS);
  }

  check(): void {
    if (!this.#call.journal.isThere) return this.onTaken();
    if (this.#call.journal.spooledBytes() > this.#call.limits.outputBytes) this.#onBreach('output-limit');
    if (this.#call.watchMemory) this.#checkMemory();
    // A look that failed, because `du` was killed or there was no room for it, is still due: `close` has the last one.
    if (this.#call.disk.isDue) this.#looking = this.#look().catch(() => undefined);
  }

  /** Whether the files had become too many when the call ended by itself. */
  async close(): Promise<boolean> {
    clearInterval(this.#timer);
    await this.#looking;
    const { disk } = this.#call;
    if (disk.isOver || disk.isDue) await this.#look();
    return this.#isOver;
  }

  #checkMemory(): void {
    const init = livingInit(this.#call.journal.init(), undefined);
    if (init !== undefined && residentBytesUnder(init) > this.#call.limits.memoryBytes) this.#onBreach('oom');
  }

  async #look(): Promise<void> {
    if (!(await this.#call.disk.look())) return;
    this.#isOver = true;
    this.#onBreach('output-limit');
  }
}
