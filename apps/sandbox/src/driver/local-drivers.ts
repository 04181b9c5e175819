import { join } from 'node:path';
import { BubblewrapDriver } from './bubblewrap-driver.js';
import type { Drivers } from './driver-choice.js';
import { ProcessDriver } from './process-driver.js';

/** What the operator allows on this machine. */
export interface DriverPolicy {
  readonly mountSources: readonly string[];
  readonly allowProcessIsolation: boolean;
}

/** The drivers of this machine. Each sweeps a directory of its own below `homeDir`. */
export function localDrivers(homeDir: string, { mountSources, allowProcessIsolation }: DriverPolicy): Drivers {
  const bubblewrap = new BubblewrapDriver({ homeDir: join(homeDir, 'bubblewrap'), mountSources });
  if (!allowProcessIsolation) return { bubblewrap };
  return { bubblewrap, process: new ProcessDriver({ homeDir: join(homeDir, 'process'), allowed: true }) };
}
