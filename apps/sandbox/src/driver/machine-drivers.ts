import { join } from 'node:path';
import type { Forks } from '../forking/forks.js';
import { BubblewrapDriver } from './bubblewrap-driver.js';
import type { Drivers } from './driver-choice.js';
import { ProcessDriver } from './process-driver.js';

/** What the operator allows of this machine itself. */
export interface MachinePolicy {
  readonly mountSources: readonly string[];
  /** Ranges of addresses that are not public and that sandboxes may reach where their profile lists the host. */
  readonly privateNetworks: readonly string[];
  readonly allowProcessIsolation: boolean;
}

/** The drivers that need nothing but this machine, which start calls by `forks`, or else as children of this process. */
export function machineDrivers(
  homeDir: string,
  policy: MachinePolicy,
  forks?: Forks,
): Pick<Drivers, 'process'> & Required<Pick<Drivers, 'bubblewrap'>> {
  const { mountSources, privateNetworks, allowProcessIsolation: allowed } = policy;
  const bubblewrap = { homeDir: join(homeDir, 'bubblewrap'), mountSources, privateNetworks, forks };
  return {
    bubblewrap: new BubblewrapDriver(bubblewrap),
    ...(allowed && { process: new ProcessDriver({ homeDir: join(homeDir, 'process'), allowed, forks }) }),
  };
}
