import { join } from 'node:path';
import type { Drivers } from '../driver/driver-choice.js';
import { DockerDriver } from './docker-driver.js';
import type { DockerSettings } from './docker-settings.js';
import { KubernetesDriver } from './kubernetes-driver.js';
import type { KubernetesSettings } from './kubernetes-settings.js';

/** What the operator allows of engines of containers. */
export interface ContainerPolicy {
  readonly mountSources: readonly string[];
  readonly privateNetworks: readonly string[];
  /** Left out: there is no Docker Engine to use. */
  readonly docker?: DockerSettings;
  /** Left out: there is no cluster to use. */
  readonly kubernetes?: KubernetesSettings;
}

/** The drivers that keep sandboxes in containers. */
export function containerDrivers(
  homeDir: string,
  { mountSources, privateNetworks, docker, kubernetes }: ContainerPolicy,
): Pick<Drivers, 'docker' | 'kubernetes'> {
  const place = (name: string) => ({ homeDir: join(homeDir, name), mountSources, privateNetworks });
  return {
    ...(docker && { docker: new DockerDriver({ ...docker, ...place('docker') }) }),
    ...(kubernetes && { kubernetes: new KubernetesDriver({ ...kubernetes, ...place('kubernetes') }) }),
  };
}
