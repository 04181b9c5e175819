import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** One process of this machine, told apart from a later one that got the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque; two processes with the same number never share it. */
  readonly since: string;
}

/** Who has this number now; undefined when nobody has, or only a zombie that nobody has buried yet. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  if (!isSignalable(pid)) return undefined;
  return process.platform === 'linux' ? fromProc(pid) : fromPs(pid);
}

/** True while this very process lives. */
export function isAlive(identity: ProcessIdentity): boolean {
  return identityOf(identity.pid)?.since === identity.since;
}

export function ownIdentity(): ProcessIdentity {
  const own = identityOf(process.pid);
  if (!own) throw new TypeError('The process table does not list this process.');
  return own;
}

function isSignalable(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Start time in ticks since boot, and the boot, because numbers and ticks repeat after a restart of the machine. */
function fromProc(pid: number): ProcessIdentity | undefined {
  const stat = readIfThere(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (state === 'Z' || state === 'X') return undefined;
  const boot = readIfThere('/proc/sys/kernel/random/boot_id')?.slice(0, 8) ?? '';
  return { pid, since: `${boot}.${fields[18] ?? ''}` };
}

function fromPs(pid: number): ProcessIdentity | undefined {
  if (process.platform === 'win32') return { pid, since: 'unknown' };
  try {
    const [state = '', ...started] = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
    })
      .trim()
      .split(/\s+/);
    return state.startsWith('Z') ? undefined : { pid, since: started.join('_') };
  } catch {
    return undefined; // ps exits with 1 when there is no such process
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // the process ended in the meantime
  }
}
