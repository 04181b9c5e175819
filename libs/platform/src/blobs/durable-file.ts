import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { BlobTooLargeError } from './blob-errors.js';

/** Writes a new file, hashing on the way, and makes it durable. */
export async function writeDurably(
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
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
