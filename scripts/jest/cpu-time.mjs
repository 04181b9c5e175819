/** CPU time of this process, and of the processes that it started and that have ended (with theirs): seconds. */
import { readFileSync } from 'node:fs';

/** Linux counts in hundredths of a second, whatever the kernel's own clock. */
const TICKS_PER_SECOND = 100;

export function ownSeconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Of the ended children; 0 where there is no /proc. */
export function childSeconds() {
  try {
    return childSecondsIn(readFileSync('/proc/self/stat', 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return 0;
    throw error;
  }
}

/** The name of the program is in brackets and may hold anything, brackets and spaces too. */
export function childSecondsIn(stat) {
  const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(afterName[13]) + Number(afterName[14])) / TICKS_PER_SECOND;
}
