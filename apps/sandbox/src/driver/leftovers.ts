import { setTimeout as sleep } from 'node:timers/promises';
import { CallJournal } from './call-journal.js';
import { isAlive, livingInit, signalQuietly } from './process-tree.js';
import { SandboxStalledError } from './sandbox-faults.js';

const POLL_MS = 5;
const PATIENCE_MS = 5_000;
/** Death takes milliseconds; but who waits for a disk in the kernel dies when that answers. */
const DEATH_MS = 5_000;

/**
 * Resolves when nothing of a call that an earlier process started is alive. Its lifeline broke with that process, so that
 * is a matter of milliseconds; what has not died after `patienceMs` is killed by its recorded pid and start time. Throws
 * {@link SandboxStalledError} when even that has not helped for a while: whoever waits here holds up others (R4).
 */
export async function waitUntilDead(journal: CallJournal, patienceMs = PATIENCE_MS): Promise<void> {
  const supervisor = journal.supervisor();
  const deadline = performance.now() + patienceMs;
  const lives = (): boolean =>
    supervisor !== undefined && (isAlive(supervisor) || livingInit(journal.init(), undefined) !== undefined);
  while (supervisor && !journal.supervisorEnded && lives()) {
    const lateMs = performance.now() - deadline;
    if (lateMs >= DEATH_MS) {
      throw new SandboxStalledError(
        `process ${supervisor.pid}, left of an earlier call, or what it started does not die`,
      );
    }
    if (lateMs >= 0) killTree(journal, supervisor.pid);
    await sleep(POLL_MS);
  }
}

/** Kills what earlier processes left running of a sandbox that is to be removed. */
export async function killLeftovers(journalDir: string): Promise<void> {
  await Promise.all(CallJournal.all(journalDir).map(journal => waitUntilDead(journal, 0)));
}

/**
 * The supervisor leads a group of its own, and goes first: it must not write down the end that we make as the call's own. Its
 * service may be alive and only stopped, so that the lifeline still holds.
 */
export function killTree(journal: CallJournal, supervisor: number): void {
  const init = livingInit(journal.init(), supervisor);
  signalQuietly(-supervisor, 'SIGKILL');
  if (init !== undefined) signalQuietly(init, 'SIGKILL');
}
