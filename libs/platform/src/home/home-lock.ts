import { constants } from 'node:fs';
import { access, mkdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Fault } from '@runledger/kernel';
import { acquireTicketLock, isLock } from '../processes/ticket-lock.js';

/** Another platform works in this home folder. */
export class HomeInUseError extends Fault {
  constructor(home: string, pid: number) {
    super(
      'HOME_IN_USE',
      `Another Runledger (process ${pid}) works in ${home}. Stop it, or set RUNLEDGER_HOME to another folder.`,
      { fields: { home, pid } },
    );
  }
}

/** The home folder cannot be made, or not written to. */
export class HomeUnusableError extends Fault {
  constructor(home: string, cause: NodeJS.ErrnoException) {
    super(
      'HOME_UNUSABLE',
      `The data directory ${home} cannot be used: ${cause.message}. Let this user write there, or set RUNLEDGER_HOME to another folder.`,
      { cause, fields: { home } },
    );
  }
}

/** The right to be the only platform in a home folder. */
export interface HomeLock {
  /** Gives the folder free; may be called again. A killed process needs no release. */
  release(): Promise<void>;
}

/**
 * Takes the home folder for this process, made (mode 0700) when absent; throws {@link HomeInUseError}, or
 * {@link HomeUnusableError} when the system forbids it.
 */
export async function lockHome(home: string): Promise<HomeLock> {
  const folder = resolve(home);
  try {
    await makeFolder(folder);
    await access(folder, constants.W_OK); // says why not: a folder that cannot be made in it is told as one that is not there
    const outcome = await acquireTicketLock(join(folder, 'lock'), 0);
    if (!isLock(outcome)) throw new HomeInUseError(folder, outcome.pid);
    return outcome;
  } catch (error) {
    throw isOfTheSystem(error) ? new HomeUnusableError(folder, error) : error;
  }
}

/** One by one: Node's `recursive` goes round for ever where a folder is there in which none can be made, such as /proc. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    if (await isFolder(folder)) return;
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || (await isFolder(dirname(folder)))) throw error;
    await makeFolder(dirname(folder));
    await makeFolder(folder);
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    found => found.isDirectory(),
    () => false,
  );
}

function isOfTheSystem(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}
