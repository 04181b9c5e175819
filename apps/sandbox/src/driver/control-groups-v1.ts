import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { CallGroup, ControlGroups, ResourceLimits, SandboxGroups } from './control-groups.js';
import { CPU_PERIOD_US, cpuQuotaUs } from './control-groups.js';
import {
  childGroups,
  countOf,
  makeGroup,
  makeGroupAside,
  removeGroupIfEmpty,
  removeGroupTree,
  writeControl,
  writeControlIfPresent,
} from './group-files.js';

/** Where each controller of version 1 keeps the groups of one service: one hierarchy per controller. */
export interface ControllerBases {
  readonly memory: string;
  readonly pids: string;
  readonly cpu: string;
  readonly freezer: string;
}

export class ControlGroupsV1 implements ControlGroups {
  readonly version = 1;
  readonly #bases: ControllerBases;

  constructor(bases: ControllerBases) {
    this.#bases = bases;
  }

  sandbox(name: string, limits: ResourceLimits): SandboxGroups {
    const groups = new SandboxGroupsV1(this.#bases, name);
    groups.limit(limits);
    groups.thaw();
    return groups;
  }

  remove(name: string): Promise<void> {
    return new SandboxGroupsV1(this.#bases, name).remove();
  }

  async sweep(keep: ReadonlySet<string>): Promise<void> {
    const names = new Set(Object.values(this.#bases).flatMap((base: string) => childGroups(base)));
    await Promise.all([...names].filter(name => !keep.has(name)).map(name => this.remove(name)));
  }
}

class SandboxGroupsV1 implements SandboxGroups {
  readonly #paths: ControllerBases;

  constructor(bases: ControllerBases, name: string) {
    this.#paths = {
      memory: `${bases.memory}/${name}`,
      pids: `${bases.pids}/${name}`,
      cpu: `${bases.cpu}/${name}`,
      freezer: `${bases.freezer}/${name}`,
    };
  }

  limit(limits: ResourceLimits): void {
    const { memory, pids, cpu, freezer } = this.#paths;
    [memory, pids, cpu, freezer].forEach(makeGroup);
    limitMemory(memory, limits.memoryBytes);
    writeControl(`${pids}/pids.max`, limits.pids);
    writeControl(`${cpu}/cpu.cfs_period_us`, CPU_PERIOD_US);
    writeControl(`${cpu}/cpu.cfs_quota_us`, cpuQuotaUs(limits));
  }

  call(name: string): CallGroup {
    const { memory, pids, cpu, freezer } = this.#paths;
    const own = `${memory}/${name}`;
    return {
      prepare: async () => {
        await removeGroupTree(own);
        await makeGroupAside(own);
      },
      joinPaths: [own, pids, cpu, freezer].map(path => `${path}/cgroup.procs`),
      oomKills: () => countOf(`${own}/memory.oom_control`, 'oom_kill'),
      remove: () => removeGroupTree(own),
    };
  }

  freeze(): void {
    writeControl(`${this.#paths.freezer}/freezer.state`, 'FROZEN');
  }

  thaw(): void {
    writeControlIfPresent(`${this.#paths.freezer}/freezer.state`, 'THAWED');
  }

  async remove(): Promise<void> {
    if (existsSync(this.#paths.freezer)) this.thaw(); // the frozen cannot die
    const { memory, pids, cpu, freezer } = this.#paths;
    for (const path of [pids, memory, cpu, freezer]) {
      await removeGroupTree(path);
      removeGroupIfEmpty(dirname(path));
    }
  }
}

/** With swap accounting the second limit may never be below the first, so a raise and a cut go in opposite orders. */
function limitMemory(path: string, bytes: number): void {
  writeControlIfPresent(`${path}/memory.memsw.limit_in_bytes`, -1);
  writeControl(`${path}/memory.limit_in_bytes`, bytes);
  writeControlIfPresent(`${path}/memory.memsw.limit_in_bytes`, bytes);
}
