import { realpathSync } from 'node:fs';
import { egressRulesOf, type EgressRules } from '../egress/egress-policy.js';
import type { Forks } from '../forking/forks.js';
import { bubblewrapLaunch, sandboxBinds, type LaunchTools } from './bubblewrap-launch.js';
import { findProgram, openFilesLimit } from './find-program.js';
import { identityFiles, NODE_BIN, writeIfOther, type ToolchainBind } from './host-tools.js';
import { proveIsolation } from './isolation-proof.js';
import { ProcessCall } from './process-call.js';
import { allowedMounts } from './mount-sources.js';
import type { DriverCapabilities, LeftSandbox, Sandbox, SandboxDriver, SandboxSpec } from './sandbox-driver.js';
import { IsolationNotAllowedError, SandboxUnavailableError } from './sandbox-faults.js';
import { SandboxEgress } from './sandbox-egress.js';
import { SandboxHome } from './sandbox-home.js';
import { seccompFilter } from './seccomp-filter.js';
import { Stage } from './stage.js';
import { DEFAULT_SLOTS_DIR, DEFAULT_UIDS, UidSlots, type UidRange } from './uid-slots.js';

export interface BubblewrapOptions {
  /** Holds one directory per live sandbox; must outlive the service, so that runs survive its restart. */
  readonly homeDir: string;
  /** Host uids for sandboxes, used by nobody else; only root can hand them out. Default 200,000 to 209,999. */
  readonly uids?: UidRange;
  /** Where the machine's services agree on who uses which uid. */
  readonly slotsDir?: string;
  /** Further host paths that every sandbox sees, read-only. */
  readonly toolchain?: readonly ToolchainBind[];
  /** Directories below which a profile may mount. */
  readonly mountSources?: readonly string[];
  /** Ranges of addresses that are not public and that profiles may open all the same. */
  readonly privateNetworks?: readonly string[];
  /** `off`: without control groups, as on machines that have none. */
  readonly controlGroups?: 'auto' | 'off';
  /** Starts the calls; default: this process itself. */
  readonly forks?: Forks | undefined;
}

/** Isolation by kernel namespaces, seccomp and a uid of its own for every sandbox (S1). Linux only. */
export class BubblewrapDriver implements SandboxDriver {
  readonly name = 'bubblewrap';
  readonly #options: BubblewrapOptions;
  readonly #home: SandboxHome;
  readonly #isRoot = process.getuid?.() === 0;
  #tools: LaunchTools | undefined;

  constructor(options: BubblewrapOptions) {
    this.#options = options;
    const slots = new UidSlots(options.slotsDir ?? DEFAULT_SLOTS_DIR, options.uids ?? DEFAULT_UIDS);
    this.#home = new SandboxHome(options.homeDir, {
      groups: options.controlGroups !== 'off',
      slots: this.#isRoot ? slots : undefined,
      forks: options.forks,
    });
  }

  capabilities(): DriverCapabilities {
    const grouped = this.#home.groups ? 'hard' : undefined;
    return {
      memory: grouped ?? 'soft',
      pids: 'hard', // without control groups by the sandbox's uid, or at least by each call's user namespace
      cpu: grouped ?? 'absent',
      workspaceBytes: 'soft',
      tmpBytes: 'hard',
      network: 'hard',
      processTree: 'hard',
      freeze: this.#home.groups !== undefined,
    };
  }

  async selfTest(): Promise<void> {
    await proveIsolation(this);
  }

  /** Throws `MountNotAllowedError` and `SandboxUnavailableError` before anything is made. */
  async open(spec: SandboxSpec): Promise<Sandbox> {
    if (spec.profile.isolation !== 'bubblewrap') {
      throw new IsolationNotAllowedError(spec.profile.slug, 'it asks for no isolation; this driver always isolates.');
    }
    this.#tools ??= this.#findTools();
    const tools = this.#tools;
    const mounts = allowedMounts(spec.profile, this.#options.mountSources ?? []);
    return this.#home.open(spec, place => {
      const sources = sandboxBinds(tools, { mounts, ...place }, {}).map(bind => bind.source);
      // Without a uid of its own the sandbox passes wherever the service does.
      const stage = new Stage(tools, place.uid === undefined ? [] : sources, [place.directory.path]);
      const net = new SandboxEgress({ ...tools, isRoot: this.#isRoot }, this.#egressRules(spec));
      return {
        workspacePath: '/workspace',
        prepare: async (request, group) => {
          const [reach, network] = [await stage.reach(), await net.launcher(request)];
          const launch = bubblewrapLaunch(tools, { spec, mounts, reach, network, ...place }, request, group);
          return call => new ProcessCall(this.#home.forks, launch, call);
        },
        watch: onEgress => net.watch(onEgress),
        relay: target => net.relay(target),
        close: async () => void (await Promise.all([stage.close(), net.close()])),
      };
    });
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

  #egressRules({ profile }: SandboxSpec): EgressRules {
    return egressRulesOf(profile, this.#options.privateNetworks ?? []);
  }

  #findTools(): LaunchTools {
    const filter = seccompFilter(process.arch);
    if (!filter) {
      throw new SandboxUnavailableError(
        `there is no system call filter for ${process.arch}`,
        'run the sandbox service on an x86_64 or arm64 machine',
      );
    }
    const { settings } = this.#home;
    writeIfOther(`${settings}/seccomp.bpf`, filter, 0o600);
    const node = { source: realpathSync(process.execPath), target: `${NODE_BIN}/node` };
    return {
      bwrap: findProgram('bwrap', 'apt-get install -y bubblewrap'),
      nsenter: findProgram('nsenter', 'apt-get install -y util-linux'),
      prlimit: findProgram('prlimit', 'apt-get install -y util-linux'),
      setpriv: findProgram('setpriv', 'apt-get install -y util-linux'),
      seccompProgram: `${settings}/seccomp.bpf`,
      toolchain: [...identityFiles(`${settings}/etc`), node, ...(this.#options.toolchain ?? [])],
      openFiles: openFilesLimit(),
      processLimit: this.#home.groups ? 'groups' : this.#isRoot ? 'uid' : 'call',
    };
  }
}
