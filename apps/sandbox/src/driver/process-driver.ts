import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { loopbackRelay } from '../egress/key-relays.js';
import type { Forks } from '../forking/forks.js';
import { initOf } from './sandbox-init.js';
import type { CallGroup } from './control-groups.js';
import { PROBE_PROFILE, PROBE_TIMEOUT_MS, remedy } from './isolation-proof.js';
import { ProcessCall } from './process-call.js';
import { findProgram, openFilesLimit } from './find-program.js';
import { identityFiles, NEUTRAL_ENVIRONMENT, SYSTEM_PATH } from './host-tools.js';
import type {
  DriverCapabilities,
  ExecRequest,
  LeftSandbox,
  Sandbox,
  SandboxDriver,
  SandboxSpec,
} from './sandbox-driver.js';
import { IsolationNotAllowedError, SandboxUnavailableError } from './sandbox-faults.js';
import { SandboxHome, type SandboxPlace } from './sandbox-home.js';
import type { CallLaunch } from './supervised-process.js';

export interface ProcessOptions {
  readonly homeDir: string;
  /** The operator's own word that work may run here without isolation. Without it there is no such driver. */
  readonly allowed: boolean;
  readonly controlGroups?: 'auto' | 'off';
  /** Starts the calls; default: this process itself. */
  readonly forks?: Forks | undefined;
}

interface ProcessTools {
  readonly unshare: string;
  readonly setpriv: string;
  /** Stands in for the host's `/etc/gitconfig`. */
  readonly gitConfig: string;
}

/**
 * No isolation at all: programs run as the service's user and see what it sees, except its environment. Only killing
 * and counting hold, because every call gets a pid namespace. For trusted steps, where operator and profile both say so.
 */
export class ProcessDriver implements SandboxDriver {
  readonly name = 'process';
  readonly #home: SandboxHome;
  #tools: ProcessTools | undefined;

  constructor(options: ProcessOptions) {
    if (!options.allowed) {
      throw new IsolationNotAllowedError('(any)', 'the operator does not allow work without isolation.');
    }
    this.#home = new SandboxHome(options.homeDir, {
      groups: options.controlGroups !== 'off',
      slots: undefined,
      forks: options.forks,
    });
  }

  capabilities(): DriverCapabilities {
    const grouped = this.#home.groups ? 'hard' : 'absent';
    return {
      memory: grouped,
      pids: grouped,
      cpu: grouped,
      workspaceBytes: 'soft',
      tmpBytes: 'absent',
      network: 'absent',
      processTree: 'hard',
      freeze: this.#home.groups !== undefined,
    };
  }

  /** Proves that a tree can be killed whole: that is all there is. */
  async selfTest(): Promise<void> {
    const runId = `process-proof-${process.pid}`;
    const profile = { ...PROBE_PROFILE, isolation: 'none' as const };
    const sandbox = await this.open({ workspaceId: 'system', runId, profile });
    try {
      await sandbox.exec({ callId: 'probe', argv: ['true'], timeoutMs: PROBE_TIMEOUT_MS });
    } catch (cause) {
      throw new SandboxUnavailableError('a process cannot have a pid namespace', remedy(), cause);
    } finally {
      await sandbox.release();
    }
  }

  async open(spec: SandboxSpec): Promise<Sandbox> {
    if (spec.profile.isolation !== 'none') {
      throw new IsolationNotAllowedError(spec.profile.slug, 'it asks for isolation; this driver has none.');
    }
    this.#tools ??= {
      gitConfig: this.#gitConfig(),
      unshare: findProgram('unshare', 'apt-get install -y util-linux'),
      setpriv: findProgram('setpriv', 'apt-get install -y util-linux'),
    };
    const tools = this.#tools;
    return this.#home.open(spec, place => ({
      workspacePath: place.directory.workspace,
      prepare: (request, group) => {
        const launch = processLaunch(tools, { spec, ...place }, request, group);
        return Promise.resolve(call => new ProcessCall(this.#home.forks, launch, call));
      },
      relay: target => loopbackRelay(target, () => undefined),
      close: () => Promise.resolve(),
    }));
  }

  #gitConfig(): string {
    const files = identityFiles(`${this.#home.settings}/etc`);
    return files.find(file => file.target === '/etc/gitconfig')?.source ?? '/dev/null';
  }

  adopt(left: LeftSandbox): Promise<boolean> {
    return this.#home.adopt(left);
  }

  async sweep(keep: ReadonlySet<string>): Promise<void> {
    await this.#home.sweep(keep);
  }

  async close(inUse?: ReadonlySet<string>): Promise<void> {
    await this.#home.close(inUse);
  }
}

function processLaunch(
  tools: ProcessTools,
  place: SandboxPlace & { readonly spec: SandboxSpec },
  request: ExecRequest,
  group: CallGroup | undefined,
): CallLaunch {
  // A new user namespace clears the wish to die with the parent, so it comes first.
  const user = process.getuid?.() === 0 ? [] : [tools.unshare, '--user', '--map-current-user', '--keep-caps', '--'];
  return {
    stage: [],
    argv: [
      ...user,
      ...[tools.setpriv, '--pdeathsig', 'KILL', '--'],
      ...[tools.unshare, '--pid', '--fork', '--kill-child', '--mount-proc', '--'],
      ...initOf(request.argv),
    ],
    hiddenArguments: [],
    joinPaths: group?.joinPaths ?? [],
    recordExitCode: true,
    openFiles: openFilesLimit(),
    env: environment(tools, place, request),
    cwd: hostDirectory(place, request.cwd),
  };
}

function environment(
  tools: ProcessTools,
  { directory, spec }: SandboxPlace & { readonly spec: SandboxSpec },
  request: ExecRequest,
): Record<string, string> {
  const node = dirname(realpathSync(process.execPath));
  const git = { GIT_CONFIG_SYSTEM: tools.gitConfig };
  const given = { ...NEUTRAL_ENVIRONMENT, ...git, HOME: directory.home, ...spec.profile.env, ...request.env };
  const own = spec.profile.env['PATH'] ?? request.env?.['PATH'];
  return { ...given, PATH: [own, node, SYSTEM_PATH].filter(Boolean).join(':') };
}

/** `/workspace` is a name that callers may use with every driver. */
function hostDirectory({ directory }: SandboxPlace, cwd = '/workspace'): string {
  if (cwd === '/workspace' || cwd.startsWith('/workspace/'))
    return directory.workspace + cwd.slice('/workspace'.length);
  return cwd;
}
