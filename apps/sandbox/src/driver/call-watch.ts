import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { ResourceLimits } from './control-groups.js';
import type { CallJournal, StopReason } from './call-journal.js';
import { livingInit, residentBytesUnder } from './process-tree.js';

const run = promisify(execFile);
const TICK_MS = 100;
const FIRST_SCAN_MS = 1_000;
/** A scan may take this share of the time at most. */
const SCAN_SHARE = 1 / 10;

export interface WatchedCall {
  readonly journal: CallJournal;
  readonly limits: ResourceLimits;
  /** Directories that count towards `workspaceBytes`. */
  readonly directories: readonly string[];
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
  readonly #startedAt = Date.now();
  #nextScanAt = this.#startedAt + FIRST_SCAN_MS;
  #scanning: Promise<void> = Promise.resolve();

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
    if (Date.now() >= this.#nextScanAt) this.#scan();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#scanning;
  }

  #checkMemory(): void {
    const init = livingInit(this.#call.journal.init(), undefined);
    if (init !== undefined && residentBytesUnder(init) > this.#call.limits.memoryBytes) this.#onBreach('oom');
  }

  #scan(): void {
    this.#nextScanAt = Number.POSITIVE_INFINITY;
    const began = Date.now();
    this.#scanning = diskBytes(this.#call.directories).then(bytes => {
      if (bytes > this.#call.limits.workspaceBytes) this.#onBreach('output-limit');
      const now = Date.now();
      this.#nextScanAt = now + Math.max(FIRST_SCAN_MS, (now - began) / SCAN_SHARE);
    });
  }
}

/** Space taken on disk, links not followed. Files that vanish while `du` looks make it fail; its sum is right all the same. */
export async function diskBytes(directories: readonly string[]): Promise<number> {
  const output = await run('du', ['-skx', '--', ...directories]).then(
    done => done.stdout,
    (failed: { readonly stdout?: string }) => failed.stdout ?? '',
  );
  return output
    .split('\n')
    .filter(Boolean)
    .reduce((sum, line) => sum + Number.parseInt(line, 10) * 1_024, 0);
}
