import { constants, openSync, readFileSync, write } from 'node:fs';
import { thisMachine, type DetectionPlace } from './control-group-detection.js';

/**
 * Who joins a control group after a quiet while waits until every processor has passed through the kernel once: 10 to 20 ms;
 * who joins soon after does not. So a call has that wait begun while its process is still being made, by a join that
 * changes nothing: this process joins the group that it is in. Where that is not possible, calls only start later.
 */
export function joinSoon(): void {
  door ??= openDoor();
  if (door.descriptor !== undefined) write(door.descriptor, String(process.pid), 0, () => undefined); // only a hint
}

let door: { readonly descriptor: number | undefined } | undefined;

function openDoor(): { readonly descriptor: number | undefined } {
  const path = ownGroupFile(process.pid, thisMachine());
  try {
    return { descriptor: path === undefined ? undefined : openSync(path, constants.O_WRONLY) };
  } catch {
    return { descriptor: undefined };
  }
}

/**
 * The `cgroup.procs` of a group that surely holds the process already: it is listed there. Names alone may mislead, because a
 * container may see other mounts than its process table speaks of.
 */
export function ownGroupFile(pid: number, { mount, membership }: DetectionPlace): string | undefined {
  return membership
    .split('\n')
    .flatMap(line => pathsOf(mount, line))
    .find(path => membersOf(path).includes(String(pid)));
}

/** Of the hierarchies in which nothing is accounted, so that nothing is counted anew: the freezer's, and the unified one. */
function pathsOf(mount: string, line: string): string[] {
  const [, controllers, group = '/'] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
  const below = group === '/' ? '' : group;
  if (controllers === 'freezer') return [`${mount}/freezer${below}/cgroup.procs`];
  return controllers === '' ? [`${mount}${below}/cgroup.procs`] : [];
}

function membersOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch {
    return []; // not there, or not ours to see
  }
}
