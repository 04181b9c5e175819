import type { ProfileDefinition } from '@runledger/contracts';
import { containerDrivers } from '../container/container-drivers.js';
import type { ContainerPolicy } from '../container/container-drivers.js';
import type { Forks } from '../forking/forks.js';
import type { Drivers } from './driver-choice.js';
import { machineDrivers } from './machine-drivers.js';
import type { MachinePolicy } from './machine-drivers.js';

/** What the operator allows on this machine. */
export type DriverPolicy = MachinePolicy & ContainerPolicy;

/** All drivers of this machine. Each sweeps a directory of its own below `homeDir`. */
export function localDrivers(homeDir: string, policy: DriverPolicy, forks?: Forks): Drivers {
  const { bubblewrap, ...unisolated } = machineDrivers(homeDir, policy, forks);
  return { bubblewrap, ...containerDrivers(homeDir, policy), ...unisolated };
}

/** What profiles may ask for where this policy holds. */
export function isolationsOf({
  docker,
  kubernetes,
  allowProcessIsolation,
}: DriverPolicy): ProfileDefinition['isolation'][] {
  return [
    'bubblewrap',
    ...(docker ? ['docker' as const] : []),
    ...(kubernetes ? ['kubernetes' as const] : []),
    ...(allowProcessIsolation ? ['none' as const] : []),
  ];
}
