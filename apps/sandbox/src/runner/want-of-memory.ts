import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { thisMachine } from '../driver/control-group-detection.js';
import type { DetectionPlace } from '../driver/control-group-detection.js';
import { countOf } from '../driver/group-files.js';

/** How V8 says on the standard error of a process that its heap is full, before it ends it. */
const HEAP_IS_FULL = 'heap out of memory';

/** The process whose log this is ended because its heap was full. */
export function saysHeapIsFull(log: string): boolean {
  return existsSync(log) && readFileSync(log, 'utf8').includes(HEAP_IS_FULL);
}

/**
 * How often the kernel has killed a process for want of memory in the control group of this process, in which its runners are, too.
 * Groups below it, those of calls, do not count. 0 where the machine does not say.
 */
export function killsForMemory(place: DetectionPlace = thisMachine()): number {
  const counter = countersIn(place).find(path => existsSync(path));
  return counter === undefined ? 0 : countOf(counter, 'oom_kill');
}

/** In a container the own group may be mounted as the top one, and be called by its whole name nevertheless. */
function countersIn({ mount, membership }: DetectionPlace): string[] {
  const [unified = '/'] = /^0::(\/.*)$/m.exec(membership)?.slice(1) ?? [];
  const [ofMemory = '/'] = /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(\/.*)$/m.exec(membership)?.slice(1) ?? [];
  return [
    ...[unified, '/'].map(group => join(mount, group, 'memory.events.local')),
    ...[ofMemory, '/'].map(group => join(mount, 'memory', group, 'memory.oom_control')),
  ];
}
