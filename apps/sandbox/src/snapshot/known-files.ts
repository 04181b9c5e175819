import type { BigIntStats } from 'node:fs';
import type { FileEntry, Piece, Snapshot } from './snapshot-format.js';

interface Seen {
  readonly entry: FileEntry;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

export interface LookedAt {
  readonly entry: FileEntry;
  readonly stats: BigIntStats;
  readonly lookedAtMs: number;
}

/**
 * Clocks of file systems tick every few milliseconds: a file that changed within the tick in which we looked at it cannot be told
 * from one that did not.
 */
export const CLOCK_TICK_MS = 20;
const NS_PER_MS = 1_000_000n;

/** What is known of the files of one sandbox: which of them need not be read again, and which content is stored already. */
export class KnownFiles {
  readonly pieces = new Map<string, Piece>();
  readonly #seen = new Map<string, Seen>();

  static of(snapshot: Snapshot): KnownFiles {
    const known = new KnownFiles();
    for (const entry of snapshot.entries) if (entry.kind === 'file') known.#learn(entry);
    return known;
  }

  /** The file as it was, when neither size nor times nor inode say that it was touched; a program cannot set its `ctime`. */
  unchanged(path: string, stats: BigIntStats): FileEntry | undefined {
    const seen = this.#seen.get(path);
    const same =
      seen?.ino === stats.ino &&
      seen.size === stats.size &&
      seen.mtimeNs === stats.mtimeNs &&
      seen.ctimeNs === stats.ctimeNs;
    return same ? seen.entry : undefined;
  }

  /** `lookedAtMs`: before the file was read. One that had just changed then is read again next time. */
  remember({ entry, stats, lookedAtMs }: LookedAt): void {
    this.#learn(entry);
    const { ino, size, mtimeNs, ctimeNs } = stats;
    const isSettled = ctimeNs < BigInt(Math.floor(lookedAtMs) - CLOCK_TICK_MS) * NS_PER_MS;
    if (isSettled) this.#seen.set(entry.path, { entry, ino, size, mtimeNs, ctimeNs });
  }

  #learn(entry: FileEntry): void {
    for (const piece of entry.pieces) if (piece.pack !== '') this.pieces.set(piece.sha256, piece);
  }
}
