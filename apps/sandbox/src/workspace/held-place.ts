import { randomUUID } from 'node:crypto';
import {
  closeSync,
  constants,
  createWriteStream,
  fchmodSync,
  lchownSync,
  mkdirSync,
  openSync,
  renameSync,
  unlinkSync,
} from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } = constants;

/** A link, or something else that is no directory, stands where a directory is to be. */
export class NoDirectoryError extends Error {
  constructor(readonly path: string) {
    super(`${path} is no directory`);
  }
}

/**
 * Writes a file into a directory in which others may be at work, and are not trusted: every directory on the way is held open and
 * no link is followed (S1). The file appears whole or not at all, in place of whatever had its name. `owner`: of directories that
 * are made on the way.
 */
export async function placeFile(
  root: string,
  path: string,
  file: { readonly content: Readable; readonly mode: number; readonly owner: number | undefined },
): Promise<void> {
  const parts = path.split('/').filter(part => part !== '' && part !== '.');
  const name = parts.pop();
  if (name === undefined || [...parts, name].includes('..')) throw new NoDirectoryError(path);
  const directory = openBelow(root, parts, file.owner);
  try {
    const aside = `/proc/self/fd/${directory}/.${randomUUID()}`;
    await write(aside, file);
    rename(aside, `/proc/self/fd/${directory}/${name}`, path);
  } finally {
    closeSync(directory);
  }
}

async function write(aside: string, { content, mode }: { readonly content: Readable; readonly mode: number }) {
  const fd = openSync(aside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    fchmodSync(fd, mode);
    await pipeline(content, createWriteStream(aside, { fd, autoClose: false }));
  } catch (error) {
    unlinkSync(aside);
    throw error;
  } finally {
    closeSync(fd);
  }
}

function rename(aside: string, place: string, path: string): void {
  try {
    renameSync(aside, place);
  } catch (error) {
    unlinkSync(aside);
    throw (error as NodeJS.ErrnoException).code === 'EISDIR' ? new NoDirectoryError(path) : error;
  }
}

function openBelow(root: string, parts: readonly string[], owner: number | undefined): number {
  let held = openSync(root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  for (const part of parts) {
    const next = `/proc/self/fd/${held}/${part}`;
    try {
      makeDirectory(next, owner);
      const inner = openSync(next, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      closeSync(held);
      held = inner;
    } catch (error) {
      closeSync(held);
      const { code } = error as NodeJS.ErrnoException;
      throw code === 'ELOOP' || code === 'ENOTDIR' ? new NoDirectoryError(parts.join('/')) : error;
    }
  }
  return held;
}

function makeDirectory(path: string, owner: number | undefined): void {
  try {
    mkdirSync(path, { mode: 0o755 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
    throw error;
  }
  if (owner !== undefined) lchownSync(path, owner, owner); // of a link, should one have taken its place: the link's own
}
