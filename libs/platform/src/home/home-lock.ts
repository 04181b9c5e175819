import { join, resolve } from 'node:path';
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

/** The right to be the only platform in a home folder. */
export interface HomeLock {
  /** Gives the folder free; may be called again. A killed process needs no release. */
  release(): Promise<void>;
}

/** Takes the home folder for this process, made (mode 0700) when absent; throws {@link HomeInUseError}. */
export async function lockHome(home: string): Promise<HomeLock> {
  const outcome = await acquireTicketLock(join(resolve(home), 'lock'), 0);
  if (!isLock(outcome)) throw new HomeInUseError(resolve(home), outcome.pid);
  return outcome;
}
