import { join } from 'node:path';
import { BubblewrapDriver } from './bubblewrap-driver.js';
import type { Drivers } from './driver-choice.js';
import { ProcessDriver } from './process-driver.js';

/** What the operator allows on this machine. */
export interface DriverPolicy {
  readonly mountSources: readonly string[];
  /** Ranges of addresses that are not public and that sandboxes may reach where their profile lists the host. */
  readonly privateNetworks: readonly string[];
  readonly allowProcessIsolation: boolean;
}

/** The drivers of this machine. Each sweeps a directory of its own below `homeDir`. */
export function localDrivers(homeDir: string, policy: DriverPolicy): Drivers {
  const { mountSources, privateNetworks } = policy;
  const bubblewrap = new BubblewrapDriver({ homeDir: join(homeDir, 'bubblewrap'), mountSources, privateNetworks });
  if (!policy.allowProcessIsolation) return { bubblewrap };
  return { bubblewrap, process: new ProcessDriver({ homeDir: join(homeDir, 'process'), allowed: true }) };
}
