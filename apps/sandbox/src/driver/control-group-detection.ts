import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import type { ControlGroups } from './control-groups.js';
import { ControlGroupsV1 } from './control-groups-v1.js';
import { ControlGroupsV2 } from './control-groups-v2.js';

const NEEDED = ['memory', 'pids', 'cpu'] as const;
const HIERARCHIES = ['memory', 'pids', 'cpu', 'freezer'] as const;

export interface DetectionPlace {
  /** Where control groups are mounted; `/sys/fs/cgroup` on a real machine. */
  readonly mount: string;
  /** Text of `/proc/self/cgroup`. */
  readonly membership: string;
}

/** What this machine and this user can use, or undefined: then the weaker fallbacks hold and `capabilities` says so. */
export function detectControlGroups(name: string, place: DetectionPlace = thisMachine()): ControlGroups | undefined {
  return unified(name, place) ?? hierarchies(name, place);
}

/** The control groups as this process sees them. */
export function thisMachine(): DetectionPlace {
  const path = '/proc/self/cgroup';
  return { mount: '/sys/fs/cgroup', membership: existsSync(path) ? readFileSync(path, 'utf8') : '' };
}

/** The top of the mount is where groups beside our own may be made; without rights there, the parent of our own group. */
function unified(name: string, { mount, membership }: DetectionPlace): ControlGroups | undefined {
  if (!existsSync(`${mount}/cgroup.controllers`)) return undefined;
  const own = /^0::(\/.*)$/m.exec(membership)?.[1] ?? '/';
  const parent = `${mount}${own.slice(0, own.lastIndexOf('/'))}`;
  const base = [mount, parent].find(candidate => handsDown(candidate) && canMake(candidate, name));
  return base === undefined ? undefined : new ControlGroupsV2(`${base}/${name}`);
}

function handsDown(group: string): boolean {
  const path = `${group}/cgroup.subtree_control`;
  if (!existsSync(path)) return false;
  const given = readFileSync(path, 'utf8').trim().split(/\s+/);
  return NEEDED.every(controller => given.includes(controller));
}

function hierarchies(name: string, { mount, membership }: DetectionPlace): ControlGroups | undefined {
  const bases = HIERARCHIES.map(controller => {
    const own = new RegExp(`^\\d+:(?:[^:]*,)?${controller}(?:,[^:]*)?:(/.*)$`, 'm').exec(membership)?.[1] ?? '/';
    return [`${mount}/${controller}${own === '/' ? '' : own}`, `${mount}/${controller}`].find(
      parent => existsSync(`${parent}/cgroup.procs`) && canMake(parent, name),
    );
  });
  const [memory, pids, cpu, freezer] = bases;
  if (!memory || !pids || !cpu || !freezer || !existsSync(`${cpu}/cpu.cfs_quota_us`)) return undefined;
  return new ControlGroupsV1({
    memory: `${memory}/${name}`,
    pids: `${pids}/${name}`,
    cpu: `${cpu}/${name}`,
    freezer: `${freezer}/${name}`,
  });
}

/** Rights are tried, not guessed: containers often show control groups that they may not change. */
function canMake(parent: string, name: string): boolean {
  const probe = `${parent}/${name}-probe-${process.pid}`;
  try {
    accessSync(parent, constants.W_OK);
    mkdirSync(probe);
    rmdirSync(probe);
    return true;
  } catch {
    return false;
  }
}
