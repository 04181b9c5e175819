import { networkOf } from '@runledger/contracts';
import { bwrapArguments, type SandboxBind } from './bwrap-arguments.js';
import type { CallGroup } from './control-groups.js';
import { NEUTRAL_ENVIRONMENT, type ToolchainBind } from './host-tools.js';
import { PROXY_PORT } from './sandbox-network.js';
import { initOf } from './sandbox-init.js';
import type { Reach } from './stage.js';
import type { ExecRequest, SandboxSpec } from './sandbox-driver.js';
import type { SandboxDirectory } from './sandbox-directory.js';
import type { CallLaunch } from './supervised-process.js';

/** What every call of a driver is started with. */
export interface LaunchTools {
  readonly bwrap: string;
  readonly nsenter: string;
  readonly prlimit: string;
  readonly setpriv: string;
  readonly seccompProgram: string;
  readonly toolchain: readonly ToolchainBind[];
  readonly openFiles: number;
  /** What carries the limit of processes: the sandbox's control groups, its uid, or each call's user namespace. */
  readonly processLimit: 'groups' | 'uid' | 'call';
}

export interface LaunchPlace {
  readonly spec: SandboxSpec;
  readonly directory: SandboxDirectory;
  readonly mounts: readonly SandboxBind[];
  readonly uid: number | undefined;
  readonly reach: Reach;
  /** Brings a program into the sandbox's network namespace; without it each call gets one of its own. */
  readonly network?: readonly string[] | undefined;
}

/** bwrap and the sandbox's process 1 count towards the same limit. */
const OWN_PROCESSES = 2;

/**
 * The command line of one call. The order matters: limits, then the uid drop, and only
 * then bwrap: as host root it would be no sandbox at all.
 */
export function bubblewrapLaunch(
  tools: LaunchTools,
  place: LaunchPlace,
  request: ExecRequest,
  group: CallGroup | undefined,
): CallLaunch {
  const { spec, uid } = place;
  const { launcher, pathOf } = place.reach;
  const binds = sandboxBinds(tools, place, request);
  return {
    stage: launcher,
    argv: [
      ...(place.network ?? []),
      ...limitOfUid(tools, spec),
      ...dropTo(tools, uid),
      tools.bwrap,
      '--args',
      '3',
      '--',
      ...initOf(request.argv, tools.processLimit === 'call' ? spec.profile.limits.pids : undefined),
    ],
    hiddenArguments: bwrapArguments({
      binds: binds.map(bind => ({ ...bind, source: pathOf(bind.source) })),
      env: {
        ...NEUTRAL_ENVIRONMENT,
        ...(networkOf(spec.profile).mode !== 'none' && proxyVariables(PROXY_PORT)),
        ...spec.profile.env,
        ...request.env,
      },
      cwd: request.cwd ?? '/workspace',
      tmpBytes: spec.profile.limits.tmpBytes,
      seccompFd: 4,
      statusFd: 5,
      ownNetwork: place.network !== undefined,
    }),
    seccompProgram: tools.seccompProgram,
    ...(uid !== undefined && { uid }),
    joinPaths: group?.joinPaths ?? [],
    recordExitCode: false,
    openFiles: tools.openFiles,
    fileBytes: spec.profile.limits.workspaceBytes,
    env: {}, // nothing of ours to inherit
    cwd: '/',
  };
}

/** What programs look for when they want to know of a proxy. */
export function proxyVariables(port: number): Record<string, string> {
  const proxy = `http://127.0.0.1:${port}`;
  const direct = 'localhost,127.0.0.1,::1';
  return {
    ...{ http_proxy: proxy, https_proxy: proxy, HTTP_PROXY: proxy, HTTPS_PROXY: proxy },
    ...{ no_proxy: direct, NO_PROXY: direct, NODE_USE_ENV_PROXY: '1' },
  };
}

export function sandboxBinds(
  tools: LaunchTools,
  { directory, mounts }: Pick<LaunchPlace, 'directory' | 'mounts'>,
  request: Pick<ExecRequest, 'workspace'>,
): SandboxBind[] {
  return [
    ...tools.toolchain.map(bind => ({ ...bind, mode: 'ro' as const })),
    { source: directory.home, target: '/home/agent', mode: 'rw' },
    { source: directory.workspace, target: '/workspace', mode: request.workspace ?? 'rw' },
    ...mounts,
  ];
}

/** The uid of the sandbox, and with it all of its calls together. */
function limitOfUid(tools: LaunchTools, { profile }: SandboxSpec): string[] {
  const processes = profile.limits.pids + OWN_PROCESSES;
  return tools.processLimit === 'uid' ? [tools.prlimit, `--nproc=${processes}:${processes}`, '--'] : [];
}

function dropTo(tools: LaunchTools, uid: number | undefined): string[] {
  const identity = uid === undefined ? [] : ['--reuid', String(uid), '--regid', String(uid), '--clear-groups'];
  return [tools.setpriv, ...identity, '--no-new-privs', '--'];
}
