import { Fault } from '@runledger/kernel';

/**
 * What a program says of the error that ends it. A fault says by itself what to do, and so does the system of a file that it
 * refuses; anything else is a defect, and its stack is what helps.
 */
export function lastWords(error: unknown): string {
  if (error instanceof Fault) return error.message;
  return ofTheSystem(error as NodeJS.ErrnoException) ?? String((error as Error).stack ?? error);
}

function ofTheSystem({ code, path, syscall }: NodeJS.ErrnoException): string | undefined {
  if (path === undefined || syscall === undefined || syscall.startsWith('spawn')) return undefined;
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return `${path} is not open to this user (${syscall}). Let user ${process.getuid?.() ?? ''} have it, or name another place.`;
    case 'EROFS':
      return `${path} cannot be written: its file system is for reading only. Name another place.`;
    case 'ENOSPC':
    case 'EDQUOT':
      return `${path} cannot be written: no room is left there. Make some, and do this again; what was written before is whole.`;
    case 'ENOENT':
      return `There is no ${path} (${syscall}). Look whether its name is right.`;
    case 'ENOTDIR':
    case 'EISDIR':
    case 'EEXIST':
      return `${path} is not what it has to be (${code}, ${syscall}): a folder is in the place of a file, or a file in that of a folder.`;
    default:
      return undefined;
  }
}
