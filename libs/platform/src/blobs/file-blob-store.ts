import { randomUUID } from 'node:crypto';
import { access, mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { constants } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { isBlobAddress } from './blob-address.js';
import { BlobNotFoundError } from './blob-errors.js';
import type { BlobArea, BlobRange, BlobStores, Sweep, SweepReport, SweptBlobStore } from './blob-store.js';
import { syncFolder, writeDurably } from './durable-file.js';

/** Each read is a turn of the thread pool, which takes its time on a busy machine. */
const READ_BYTES = 1_048_576;
/** Who asks for a part wants it as a whole: one turn, if it is not larger than this. */
const PART_BYTES = 16_777_216;
const ABANDONED_AFTER_MS = 24 * 60 * 60 * 1_000;

/**
 * Blobs as files: `<root>/<first two digits>/<sha256>`. Content is hashed while it is written to `<root>/incoming`, made
 * durable, and only then moved to its address, so an address never shows half a blob, whenever the machine stops. A file's
 * time says when its blob was last stored or kept.
 */
export class FileBlobStore implements BlobStores, SweptBlobStore {
  readonly #root: string;
  readonly #incoming: string;
  readonly #leaving: string;
  #prepared: Promise<void> | undefined;

  constructor(root: string) {
    this.#root = root;
    this.#incoming = join(root, 'incoming');
    this.#leaving = join(root, 'leaving');
  }

  /** A folder of its own below this one; no address looks like its name. */
  area(name: BlobArea): SweptBlobStore {
    return new FileBlobStore(join(this.#root, name));
  }

  /** Rejects with `BlobTooLargeError`, or with whatever the source fails with; nothing is kept then. */
  async put(
    content: Readable | Buffer,
    options: { readonly maxBytes?: number } = {},
  ): Promise<{ sha256: string; bytes: number }> {
    await this.#prepare();
    const temporary = join(this.#incoming, randomUUID());
    try {
      const written = await writeDurably(temporary, content, options.maxBytes ?? Infinity);
      if (!(await this.keep(written.sha256))) await this.#settle(temporary, written.sha256);
      return written;
    } finally {
      await rm(temporary, { force: true });
    }
  }

  async get(sha256: string, range?: BlobRange): Promise<Readable> {
    try {
      const file = await open(this.#pathOf(sha256), 'r');
      if (!range) return file.createReadStream({ highWaterMark: READ_BYTES });
      const { start, end } = range;
      return file.createReadStream({ start, end: end - 1, highWaterMark: Math.min(end - start, PART_BYTES) });
    } catch (cause) {
      throw isAbsent(cause) ? new BlobNotFoundError(sha256, cause) : cause;
    }
  }

  async has(sha256: string): Promise<boolean> {
    if (!isBlobAddress(sha256)) return false;
    return unlessAbsent(access(this.#pathOf(sha256), constants.R_OK));
  }

  async keep(sha256: string): Promise<boolean> {
    if (!isBlobAddress(sha256)) return false;
    const now = new Date();
    return unlessAbsent(utimes(this.#pathOf(sha256), now, now));
  }

  async sweep(sweep: Sweep): Promise<SweepReport> {
    await this.#prepare();
    await mkdir(this.#leaving, { recursive: true, mode: 0o700 });
    const report = { removed: 0, removedBytes: 0, left: 0, leftBytes: 0 };
    for await (const { sha256, bytes, mtimeMs } of this.#all()) {
      const goes = mtimeMs < sweep.unusedSince.getTime() && !(await sweep.isNeeded(sha256));
      const gone = goes && (await this.#remove(sha256, sweep.unusedSince));
      report[gone ? 'removed' : 'left'] += 1;
      report[gone ? 'removedBytes' : 'leftBytes'] += bytes;
    }
    return report;
  }

  /**
   * Out of its place first, and only then looked at once more: who keeps the blob after that finds it gone and stores it again,
   * who kept it before has left the time on the file, and it goes back.
   */
  async #remove(sha256: string, unusedSince: Date): Promise<boolean> {
    const [place, aside] = [this.#pathOf(sha256), join(this.#leaving, sha256)];
    if (!(await unlessAbsent(rename(place, aside)))) return false;
    const found = await stat(aside).catch(() => undefined);
    if (!found) return false; // a process that just started took it for what a crash had left
    if (found.mtimeMs < unusedSince.getTime()) {
      await rm(aside, { force: true });
      return true;
    }
    await unlessAbsent(rename(aside, place));
    return false;
  }

  async *#all(): AsyncGenerator<{ sha256: string; bytes: number; mtimeMs: number }> {
    const folders = await readdir(this.#root);
    for (const folder of folders.filter(name => /^[0-9a-f]{2}$/.test(name))) {
      for (const sha256 of (await readdir(join(this.#root, folder))).filter(isBlobAddress)) {
        const found = await stat(this.#pathOf(sha256)).catch(() => undefined); // another sweep was faster
        if (found) yield { sha256, bytes: found.size, mtimeMs: found.mtimeMs };
      }
    }
  }

  async #settle(temporary: string, sha256: string): Promise<void> {
    const target = this.#pathOf(sha256);
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    await rename(temporary, target);
    await syncFolder(dirname(target));
    await syncFolder(this.#root);
  }

  #pathOf(sha256: string): string {
    if (!isBlobAddress(sha256)) throw new BlobNotFoundError(sha256);
    return join(this.#root, sha256.slice(0, 2), sha256);
  }

  #prepare(): Promise<void> {
    this.#prepared ??= this.#prepareNow();
    return this.#prepared;
  }

  /** Also removes what crashed writers left half-written, and returns what a crashed sweep left on its way out. */
  async #prepareNow(): Promise<void> {
    await mkdir(this.#incoming, { recursive: true, mode: 0o700 });
    for (const name of await readdir(this.#incoming)) {
      const path = join(this.#incoming, name);
      const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Infinity }));
      if (Date.now() - mtimeMs > ABANDONED_AFTER_MS) await rm(path, { force: true });
    }
    const left = await readdir(this.#leaving).catch(() => []);
    for (const sha256 of left.filter(isBlobAddress)) {
      const aside = join(this.#leaving, sha256);
      await ((await this.has(sha256)) ? rm(aside, { force: true }) : unlessAbsent(rename(aside, this.#pathOf(sha256))));
    }
  }
}

async function unlessAbsent(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}

function isAbsent(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
