import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** Linux counts the time of processes in hundredths of a second, whatever the machine. */
const TICKS_PER_SECOND = 100;

/**
 * How many cores processes take on average, as Linux counts it; elsewhere nothing is known. `pids` by name; of `database`, whose
 * sessions are processes of their own, with its children.
 */
export class CpuMeter {
  #begun;

  constructor(pids) {
    this.pids = Object.entries(pids).filter(([, pid]) => pid !== undefined);
    this.#begun = { at: performance.now(), seconds: this.#seconds() };
  }

  /** Cores by name since it was made. */
  read() {
    const took = (performance.now() - this.#begun.at) / 1_000;
    const { seconds } = this.#begun;
    return Object.fromEntries(
      Object.entries(this.#seconds()).map(([name, now]) => [name, (now - seconds[name]) / took]),
    );
  }

  #seconds() {
    if (process.platform !== 'linux') return {};
    return Object.fromEntries(this.pids.map(([name, pid]) => [name, secondsOf(pid, name === 'database')]));
  }
}

/**
 * Makes this process, and what it starts from now on, run on the given number of the machine's cores; answers what moves itself to
 * the others. So the platform and its database have a machine of that size, and their clients another one.
 */
export function pinnedTo(cores) {
  const all = availableParallelism();
  if (process.platform !== 'linux') throw new Error('--cores needs Linux.');
  if (cores >= all) throw new Error(`--cores leaves some of the ${all} for the readers and the writer.`);
  pin(`0-${cores - 1}`);
  return () => pin(`${cores}-${all - 1}`);
}

function pin(cores) {
  const { status, stderr } = spawnSync('taskset', ['-acp', cores, String(process.pid)], { encoding: 'utf8' });
  if (status !== 0)
    throw new Error(`taskset (of util-linux) could not choose the cores ${cores}: ${stderr ?? 'not found'}`);
}

function secondsOf(pid, withChildren) {
  const own = timesOf(pid);
  if (!own) return 0;
  const children = withChildren ? childrenOf(pid).map(timesOf) : [];
  return [own, ...children].reduce((sum, times) => sum + (times?.own ?? 0), withChildren ? own.ended : 0);
}

/** proc(5): of `/proc/<pid>/stat` the fields 14 and 15, and 16 and 17 for children that have ended; in seconds. */
function timesOf(pid) {
  const text = statOf(pid);
  if (text === undefined) return undefined;
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [own, system, ended, endedSystem] = fields.slice(11, 15).map(ticks => Number(ticks) / TICKS_PER_SECOND);
  return { parent: Number(fields[1]), own: own + system, ended: ended + endedSystem };
}

function childrenOf(pid) {
  return readdirSync('/proc').filter(name => /^\d+$/.test(name) && timesOf(name)?.parent === pid);
}

function statOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined; // it has ended
  }
}
