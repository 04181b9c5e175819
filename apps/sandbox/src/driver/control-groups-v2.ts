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

const CONTROLLERS = '+memory +pids +cpu';

/**
 * The unified hierarchy. Processes may sit in leaves only, so every call has a leaf of its own below its sandbox's
 * group, which carries the limits.
 */
export class ControlGroupsV2 implements ControlGroups {
  readonly version = 2;
  readonly #base: string;

  /** `base` is a group of this service alone, whose parent hands down memory, pids and cpu. */
  constructor(base: string) {
    this.#base = base;
  }

  sandbox(name: string, limits: ResourceLimits): SandboxGroups {
    makeGroup(this.#base);
    writeControl(`${this.#base}/cgroup.subtree_control`, CONTROLLERS);
    const groups = new SandboxGroupsV2(`${this.#base}/${name}`);
    groups.limit(limits);
    groups.thaw();
    return groups;
  }

  remove(name: string): Promise<void> {
    return new SandboxGroupsV2(`${this.#base}/${name}`).remove();
  }

  async sweep(keep: ReadonlySet<string>): Promise<void> {
    const names = childGroups(this.#base).filter(name => !keep.has(name));
    await Promise.all(names.map(name => this.remove(name)));
  }
}

class SandboxGroupsV2 implements SandboxGroups {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  limit(limits: ResourceLimits): void {
    makeGroup(this.#path);
    writeControl(`${this.#path}/memory.max`, limits.memoryBytes);
    writeControlIfPresent(`${this.#path}/memory.swap.max`, 0);
    writeControl(`${this.#path}/pids.max`, limits.pids);
    writeControl(`${this.#path}/cpu.max`, `${cpuQuotaUs(limits)} ${CPU_PERIOD_US}`);
    writeControl(`${this.#path}/cgroup.subtree_control`, '+memory');
  }

  call(name: string): CallGroup {
    const leaf = `${this.#path}/${name}`;
    return {
      prepare: async () => {
        await removeGroupTree(leaf);
        await makeGroupAside(leaf);
      },
      joinPaths: [`${leaf}/cgroup.procs`],
      oomKills: () => countOf(`${leaf}/memory.events`, 'oom_kill'),
      remove: () => removeGroupTree(leaf),
    };
  }

  freeze(): void {
    writeControl(`${this.#path}/cgroup.freeze`, 1);
  }

  thaw(): void {
    writeControlIfPresent(`${this.#path}/cgroup.freeze`, 0);
  }

  async remove(): Promise<void> {
    if (!existsSync(this.#path)) return;
    writeControlIfPresent(`${this.#path}/cgroup.kill`, 1);
    this.thaw();
    await removeGroupTree(this.#path);
    removeGroupIfEmpty(dirname(this.#path));
  }
}
