import type { ProfileDefinition } from '@runledger/contracts';
import { existsSync, realpathSync } from 'node:fs';
import type { SandboxBind } from './bwrap-arguments.js';
import { MountNotAllowedError } from './sandbox-faults.js';

/** True when `path` is `directory` or lies below it. Both are absolute and resolved. */
export function isWithin(path: string, directory: string): boolean {
  return directory === '/' || `${path}/`.startsWith(`${directory}/`);
}

/** A path with every link resolved, or as it is when nothing is there. */
export function resolvedSource(path: string): string {
  return existsSync(path) ? realpathSync(path) : path;
}

/** The profile's mounts, checked again when the sandbox opens: links may have changed since it was published. */
export function allowedMounts(profile: ProfileDefinition, allowed: readonly string[]): SandboxBind[] {
  const directories = allowed.map(resolvedSource);
  return profile.mounts.map(mount => {
    if (!existsSync(mount.source)) throw new MountNotAllowedError(mount.source, 'it does not exist on this machine');
    const source = realpathSync(mount.source);
    if (!directories.some(directory => isWithin(source, directory))) {
      throw new MountNotAllowedError(mount.source, 'the operator allows no mount from there');
    }
    return { source, target: mount.target, mode: mount.mode };
  });
}
