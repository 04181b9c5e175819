import { createHash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { BlobNotFoundError, BlobTooLargeError } from './blob-errors.js';
import type { BlobStore } from './blob-store.js';

const ABANDONED_AFTER_MS = 24 * 60 * 60 * 1_000;

/**
 * Blobs as files: `<root>/<first two digits>/<sha256>`. Content is hashed while it is written to `<root>/incoming`, made
 * durable, and only then moved to its address, so an address never shows half a blob, whenever the machine stops.
 */
export class FileBlobStore implements BlobStore {
  readonly #root: string;
  readonly #incoming: string;
  #prepared: Promise<void> | undefined;

  constructor(root: string) {
    this.#root = root;
    this.#incoming = join(root, 'incoming');
  }

  /** Rejects with {@link BlobTooLargeError}, or with whatever the source fails with; nothing is kept then. */
  async put(
    content: Readable | Buffer,
    options: { readonly maxBytes?: number } = {},
  ): Promise<{ sha256: string; bytes: number }> {
    this.#prepared ??= this.#prepare();
    await this.#prepared;
    const temporary = join(this.#incoming, randomUUID());
    try {
      const written = await writeDurably(temporary, content, options.maxBytes ?? Infinity);
      await this.#settle(temporary, written.sha256);
      return written;
    } finally {
      await rm(temporary, { force: true });
    }
  }

  async get(sha256: string): Promise<Readable> {
    try {
      const file = await open(this.#pathOf(sha256), 'r');
      return file.createReadStream();
    } catch (cause) {
      throw isAbsent(cause) ? new BlobNotFoundError(sha256, cause) : cause;
    }
  }

  async has(sha256: string): Promise<boolean> {
    if (!isAddress(sha256)) return false;
    return access(this.#pathOf(sha256), constants.R_OK).then(
      () => true,
      (error: unknown) => {
        if (isAbsent(error)) return false;
        throw error;
      },
    );
  }

  async #settle(temporary: string, sha256: string): Promise<void> {
    const target = this.#pathOf(sha256);
    if (await this.has(sha256)) return;
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    await rename(temporary, target);
    await syncFolder(dirname(target));
    await syncFolder(this.#root);
  }

  #pathOf(sha256: string): string {
    if (!isAddress(sha256)) throw new BlobNotFoundError(sha256);
    return join(this.#root, sha256.slice(0, 2), sha256);
  }

  /** Also removes what crashed writers left half-written, once it is certain that nobody goes on with it. */
  async #prepare(): Promise<void> {
    await mkdir(this.#incoming, { recursive: true, mode: 0o700 });
    for (const name of await readdir(this.#incoming)) {
      const path = join(this.#incoming, name);
      const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Infinity }));
      if (Date.now() - mtimeMs > ABANDONED_AFTER_MS) await rm(path, { force: true });
    }
  }
}

async function writeDurably(
  path: string,
  content: Readable | Buffer,
  maxBytes: number,
): Promise<{ sha256: string; bytes: number }> {
  const file = await open(path, 'wx', 0o600);
  try {
    const written = await copyHashed(Buffer.isBuffer(content) ? [content] : content, file, maxBytes);
    await file.sync();
    return written;
  } finally {
    await file.close();
  }
}

async function copyHashed(
  content: Iterable<Buffer> | AsyncIterable<unknown>,
  file: FileHandle,
  maxBytes: number,
): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of content) {
    const chunk = Buffer.isBuffer(piece) ? piece : Buffer.from(piece as Uint8Array | string);
    bytes += chunk.length;
    if (bytes > maxBytes) throw new BlobTooLargeError(maxBytes); // leaving the loop also ends the source
    hash.update(chunk);
    await file.writeFile(chunk);
  }
  return { sha256: hash.digest('hex'), bytes };
}

/** A rename is durable once its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function isAddress(sha256: string): boolean {
  return /^[0-9a-f]{64}$/.test(sha256);
}

function isAbsent(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
