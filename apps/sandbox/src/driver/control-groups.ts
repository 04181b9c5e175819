import type { ProfileDefinition } from '@runledger/contracts';

export type ResourceLimits = ProfileDefinition['limits'];

/** The control groups of one sandbox: its limits hold for everything that runs in it, together. */
export interface SandboxGroups {
  /** A group for one call, so that "out of memory" is told of the call that it happened to. */
  call(name: string): CallGroup;
  freeze(): void;
  thaw(): void;
  /** Kills what is left inside and removes the groups. Idempotent. */
  remove(): Promise<void>;
}

export interface CallGroup {
  /** Makes the group, empty and with its counts at nought; kills what an earlier try left in it. */
  prepare(): Promise<void>;
  /** `cgroup.procs` files that a process writes `0` to in order to join. */
  readonly joinPaths: readonly string[];
  /** How often the kernel killed a process of this call for want of memory. */
  oomKills(): number;
  remove(): Promise<void>;
}

/** The machine's way to hold a tree to memory, processes and processor time. */
export interface ControlGroups {
  readonly version: 1 | 2;
  /** Makes the groups of one sandbox, or takes over those that an earlier process left. */
  sandbox(name: string, limits: ResourceLimits): SandboxGroups;
  /** Kills what is in the groups of one sandbox and removes them. Idempotent. */
  remove(name: string): Promise<void>;
  /** Kills and removes the groups of every sandbox that is not in `keep`. */
  sweep(keep: ReadonlySet<string>): Promise<void>;
}

/** Length of the period in which a processor quota is given out. */
export const CPU_PERIOD_US = 100_000;

export function cpuQuotaUs(limits: ResourceLimits): number {
  return Math.max(1_000, Math.round((limits.cpuPercent / 100) * CPU_PERIOD_US));
}
