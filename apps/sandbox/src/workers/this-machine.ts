import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * Two processes that get the same answer can see, and end, each other's processes. After a restart of the machine, or from
 * another container, the answer is another.
 */
export function thisMachine(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return `${hostname()} without /proc`; // sandboxes need Linux; elsewhere there is nothing to fetch
  }
}
