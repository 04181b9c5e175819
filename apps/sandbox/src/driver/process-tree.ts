import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** One process of this machine: a pid alone may be used again, so it goes with its start time (clock ticks since boot). */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTicks: string;
}

interface ProcessStat extends ProcessIdentity {
  readonly parent: number;
  readonly state: string;
}

/** Reads one line of `/proc/<pid>/stat`; the command's name in it may hold blanks and brackets. */
export function parseStat(line: string): ProcessStat | undefined {
  const close = line.lastIndexOf(')');
  const pid = Number.parseInt(line, 10);
  const fields = line.slice(close + 2).split(' ');
  const [state, parent] = fields;
  const startTicks = fields[19];
  if (close < 0 || !Number.isInteger(pid) || !state || !parent || !startTicks) return undefined;
  return { pid, state, parent: Number(parent), startTicks };
}

/** Of the process that has this pid now; undefined when there is none. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  return statOf(pid);
}

function statOf(pid: number): ProcessStat | undefined {
  return parseStat(readOrEmpty(`/proc/${pid}/stat`));
}

/** True while that very process lives; a zombie is dead. */
export function isAlive(process: ProcessIdentity): boolean {
  const stat = statOf(process.pid);
  return stat !== undefined && stat.startTicks === process.startTicks && stat.state !== 'Z' && stat.state !== 'X';
}

/** The init of a tree as bwrap recorded it. */
export interface RecordedInit {
  readonly pid: number;
  /** Inode of its pid namespace. */
  readonly namespace: number;
}

/**
 * The living init of the tree below a supervisor. A recorded pid is believed only while it is in the recorded namespace:
 * after the init's death it may name an innocent process.
 */
export function livingInit(recorded: RecordedInit | undefined, supervisor: number | undefined): number | undefined {
  if (recorded && pidNamespaceOf(recorded.pid) === `pid:[${recorded.namespace}]`) return recorded.pid;
  return supervisor === undefined ? undefined : namespaceInitBelow(supervisor);
}

/** Every process in the same pid namespace as `init`, without `init`. Empty when `init` is gone. */
export function processesUnder(init: number): number[] {
  const namespace = pidNamespaceOf(init);
  if (namespace === undefined) return [];
  return allPids().filter(pid => pid !== init && pidNamespaceOf(pid) === namespace);
}

/** The first process of another pid namespace among the descendants of `ancestor`: the init of a tree. */
function namespaceInitBelow(ancestor: number): number | undefined {
  const own = pidNamespaceOf(process.pid);
  const children = new Map<number, number[]>();
  for (const stat of allPids().map(statOf)) {
    if (stat) children.set(stat.parent, [...(children.get(stat.parent) ?? []), stat.pid]);
  }
  const open = [...(children.get(ancestor) ?? [])];
  for (let pid = open.shift(); pid !== undefined; pid = open.shift()) {
    const namespace = pidNamespaceOf(pid);
    if (namespace !== undefined && namespace !== own) return pid;
    open.push(...(children.get(pid) ?? []));
  }
  return undefined;
}

/** Resident memory of every process in `init`'s namespace, in bytes; shared pages count once per process. */
export function residentBytesUnder(init: number): number {
  return [init, ...processesUnder(init)]
    .map(pid => Number(readOrEmpty(`/proc/${pid}/statm`).split(' ')[1] ?? 0) * PAGE_BYTES)
    .reduce((sum, bytes) => sum + bytes, 0);
}

/** Sends a signal; a process that is gone already is what was wanted. */
export function signalQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

const PAGE_BYTES = 4_096;

function pidNamespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined; // gone, or not ours: then it is in none of our sandboxes
  }
}

function allPids(): number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number);
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // the process ended while we looked
  }
}
