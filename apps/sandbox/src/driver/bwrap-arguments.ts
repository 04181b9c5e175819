import { hostToolsArguments, SANDBOX_UID } from './host-tools.js';

/** A host path and where it appears inside. */
export interface SandboxBind {
  readonly source: string;
  readonly target: string;
  readonly mode: 'ro' | 'rw';
}

export interface BwrapShape {
  readonly binds: readonly SandboxBind[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly tmpBytes: number;
  /** Descriptors in the launcher. */
  readonly seccompFd: number;
  readonly statusFd: number;
  /** True when bwrap is started in the sandbox's own network namespace already. */
  readonly ownNetwork?: boolean;
}

const SHM_SHARE = 4;

/**
 * The arguments for `bwrap --args FD`, where neither `/proc/1/cmdline` nor the host's process list shows them.
 * Every writable file system is sized or remounted read-only: bwrap's own `/`, `/dev` and `/dev/shm` are unbounded
 * memory otherwise.
 */
export function bwrapArguments(shape: BwrapShape): string[] {
  return [
    ...['--unshare-all', '--unshare-user', '--disable-userns', '--die-with-parent', '--as-pid-1', '--new-session'],
    ...(shape.ownNetwork ? ['--share-net'] : []),
    ...['--uid', String(SANDBOX_UID), '--gid', String(SANDBOX_UID), '--hostname', 'sandbox'],
    ...hostToolsArguments(),
    ...['--proc', '/proc', '--dev', '/dev'],
    ...['--size', String(Math.ceil(shape.tmpBytes / SHM_SHARE)), '--tmpfs', '/dev/shm', '--remount-ro', '/dev'],
    ...['--size', String(shape.tmpBytes), '--perms', '1777', '--tmpfs', '/tmp'],
    ...shape.binds.flatMap(({ source, target, mode }) => [mode === 'rw' ? '--bind' : '--ro-bind', source, target]),
    ...['--remount-ro', '/', '--chdir', shape.cwd, '--clearenv'],
    ...Object.entries(shape.env).flatMap(([name, value]) => ['--setenv', name, value]),
    ...['--seccomp', String(shape.seccompFd), '--json-status-fd', String(shape.statusFd)],
  ];
}
