import type { ProfileDefinition } from '@runledger/contracts';
import { join } from 'node:path';
import { DockerDriver } from '../container/docker-driver.js';
import type { DockerSettings } from '../container/docker-settings.js';
import { KubernetesDriver } from '../container/kubernetes-driver.js';
import type { KubernetesSettings } from '../container/kubernetes-settings.js';
import type { Forks } from '../forking/forks.js';
import { BubblewrapDriver } from './bubblewrap-driver.js';
import type { Drivers } from './driver-choice.js';
import { ProcessDriver } from './process-driver.js';

/** What the operator allows on this machine. */
export interface DriverPolicy {
  readonly mountSources: readonly string[];
  /** Ranges of addresses that are not public and that sandboxes may reach where their profile lists the host. */
  readonly privateNetworks: readonly string[];
  readonly allowProcessIsolation: boolean;
  /** Left out: there is no Docker Engine to use. */
  readonly docker?: DockerSettings;
  /** Left out: there is no cluster to use. */
  readonly kubernetes?: KubernetesSettings;
}

/** The drivers of this machine, which start calls by `forks`, or else as children of this process. Each sweeps a directory of its own below `homeDir`. */
export function localDrivers(homeDir: string, policy: DriverPolicy, forks?: Forks): Drivers {
  const { mountSources, privateNetworks } = policy;
  const { docker, kubernetes, allowProcessIsolation: allowed } = policy;
  const place = (name: string) => ({ homeDir: join(homeDir, name), mountSources, privateNetworks, forks });
  return {
    bubblewrap: new BubblewrapDriver(place('bubblewrap')),
    ...(docker && { docker: new DockerDriver({ ...docker, ...place('docker') }) }),
    ...(kubernetes && { kubernetes: new KubernetesDriver({ ...kubernetes, ...place('kubernetes') }) }),
    ...(allowed && { process: new ProcessDriver({ homeDir: join(homeDir, 'process'), allowed, forks }) }),
  };
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
