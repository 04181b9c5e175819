import type { ProfileDefinition } from '@runledger/contracts';
import type { SandboxDriver } from './sandbox-driver.js';
import { IsolationNotAllowedError, SandboxUnavailableError } from './sandbox-faults.js';

/** The drivers of one service. `process` is there only when the operator allowed it. */
export interface Drivers {
  readonly bubblewrap?: SandboxDriver;
  readonly docker?: SandboxDriver;
  readonly kubernetes?: SandboxDriver;
  readonly process?: SandboxDriver;
}

/** The one driver that keeps what the profile asks for. A missing one is a fault: nothing falls back to less isolation (S1). */
export function driverFor(profile: Pick<ProfileDefinition, 'slug' | 'isolation'>, drivers: Drivers): SandboxDriver {
  switch (profile.isolation) {
    case 'bubblewrap':
      if (drivers.bubblewrap) return drivers.bubblewrap;
      throw new SandboxUnavailableError('this service was started without bubblewrap', 'apt-get install -y bubblewrap');
    case 'docker':
      if (drivers.docker) return drivers.docker;
      throw new IsolationNotAllowedError(
        profile.slug,
        'this service knows no Docker Engine; set RUNLEDGER_DOCKER_HOST.',
      );
    case 'kubernetes':
      if (drivers.kubernetes) return drivers.kubernetes;
      throw new IsolationNotAllowedError(
        profile.slug,
        'this service knows no cluster for sandboxes; set RUNLEDGER_KUBERNETES_NAMESPACE.',
      );
    case 'none':
      if (drivers.process) return drivers.process;
      throw new IsolationNotAllowedError(profile.slug, 'the operator does not allow work without isolation.');
  }
}
