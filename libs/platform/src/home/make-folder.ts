import { Fault } from '@runledger/kernel';
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** There is everything above it, and yet nobody can make it there. */
export class FolderNotMadeError extends Fault {
  constructor(path: string, cause: unknown) {
    super('FOLDER_NOT_MADE', `No folder can be made at ${path}: its file system takes none. Name another place.`, {
      cause,
      fields: { path },
    });
  }
}

/**
 * Makes a folder, open to its owner alone, and those above it that are missing. One that is there stays as it is. Node's own way of doing so
 * never ends where a file system says of a new folder that what is above it is missing, as /proc does.
 */
export async function makeFolder(path: string): Promise<void> {
  if ((await made(path)) === undefined) return;
  await makeFolder(dirname(path));
  const cause = await made(path);
  if (cause !== undefined) throw new FolderNotMadeError(path, cause);
}

/** What is said when something above it is missing; undefined: the folder is there. */
async function made(path: string): Promise<unknown> {
  try {
    await mkdir(path, { mode: 0o700 });
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return error;
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return undefined;
    throw error;
  }
}
