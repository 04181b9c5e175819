import { existsSync, mkdirSync, readdirSync, readlinkSync, renameSync, symlinkSync, unlinkSync } from 'node:fs';
import { SandboxUnavailableError } from './sandbox-faults.js';

export interface UidRange {
  readonly first: number;
  readonly count: number;
}

/** Host uids for sandboxes, used by nobody else. */
export const DEFAULT_UIDS: UidRange = { first: 200_000, count: 10_000 };
/** Where the machine's services agree on who uses which uid. */
export const DEFAULT_SLOTS_DIR = '/run/runledger-sandbox-uids';

/**
 * One host uid per live sandbox, so that no two share a process limit or can signal each other. A slot is a symbolic link
 * to the directory of the sandbox that holds it: making it is atomic, across processes too, and a link whose sandbox is
 * gone is free again.
 */
export class UidSlots {
  readonly #directory: string;
  readonly #range: UidRange;

  constructor(directory: string, range: UidRange) {
    this.#directory = directory;
    this.#range = range;
  }

  /** The uid for a sandbox directory: the one that it holds already, else the first free one. */
  take(sandboxDir: string, held?: number): number {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    if (held !== undefined && (this.#holderOf(held) === sandboxDir || this.#claim(held, sandboxDir))) return held;
    for (let slot = 0; slot < this.#range.count; slot += 1) {
      const uid = this.#range.first + slot;
      if (this.#claim(uid, sandboxDir)) return uid;
    }
    throw new SandboxUnavailableError(
      `all ${this.#range.count} sandbox uids from ${this.#range.first} on are in use`,
      'release sandboxes of ended runs, or widen the uid range in the configuration',
    );
  }

  free(uid: number, sandboxDir: string): void {
    if (this.#holderOf(uid) === sandboxDir) unlinkSync(this.#link(uid));
  }

  /** Forgets every holder that is gone. Slots would be found free anyway; this only keeps the directory small. */
  sweep(): void {
    if (!existsSync(this.#directory)) return;
    for (const uid of readdirSync(this.#directory).map(Number).filter(Number.isInteger)) {
      const holder = this.#holderOf(uid);
      if (holder !== undefined && !existsSync(holder)) this.#discard(uid, holder);
    }
  }

  #claim(uid: number, sandboxDir: string): boolean {
    const holder = this.#holderOf(uid);
    if (holder !== undefined && existsSync(holder)) return false;
    if (holder !== undefined) this.#discard(uid, holder);
    try {
      symlinkSync(sandboxDir, this.#link(uid));
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    }
  }

  /** Moved aside first: if another process claimed the slot in between, its link is what we hold, and goes back. */
  #discard(uid: number, stale: string): void {
    const aside = `${this.#link(uid)}.${process.pid}`;
    try {
      renameSync(this.#link(uid), aside);
      if (readlinkSync(aside) === stale) unlinkSync(aside);
      else renameSync(aside, this.#link(uid));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }

  #holderOf(uid: number): string | undefined {
    try {
      return readlinkSync(this.#link(uid));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  #link(uid: number): string {
    return `${this.#directory}/${uid}`;
  }
}
