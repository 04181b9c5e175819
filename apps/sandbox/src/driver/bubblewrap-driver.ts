import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, realpathSync, writeFileSync } from 'node:fs';
import { bubblewrapLaunch, type LaunchTools } from './bubblewrap-launch.js';
import { detectControlGroups } from './control-group-detection.js';
import type { ControlGroups } from './control-groups.js';
import { findProgram, openFilesLimit } from './find-program.js';
import { identityFiles, NODE_BIN, type ToolchainBind } from './host-tools.js';
import { LocalSandbox } from './local-sandbox.js';
import { allowedMounts } from './mount-sources.js';
import { proveIsolation } from './isolation-proof.js';
import type { DriverCapabilities, Sandbox, SandboxDriver, SandboxSpec } from './sandbox-driver.js';
import { SandboxDirectory, type SandboxMeta } from './sandbox-directory.js';
import { SandboxUnavailableError } from './sandbox-faults.js';
import { seccompFilter } from './seccomp-filter.js';
import { UidSlots, type UidRange } from './uid-slots.js';

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
  /** `off`: without control groups, as on machines that have none. */
  readonly controlGroups?: 'auto' | 'off';
}

const DEFAULT_UIDS: UidRange = { first: 200_000, count: 10_000 };
const DEFAULT_SLOTS_DIR = '/run/runledger-sandbox-uids';
const SETTINGS_DIR = '.settings';

/** Isolation by kernel namespaces, seccomp and a uid of its own for every sandbox (S1). Linux only. */
export class BubblewrapDriver implements SandboxDriver {
  readonly name = 'bubblewrap';
  readonly #options: BubblewrapOptions;
  readonly #home: string;
  readonly #groups: ControlGroups | undefined;
  readonly #slots: UidSlots | undefined;
  readonly #open = new Map<string, Promise<LocalSandbox>>();
  #tools: LaunchTools | undefined;

  constructor(options: BubblewrapOptions) {
    this.#options = options;
    const isNew = !existsSync(options.homeDir);
    mkdirSync(options.homeDir, { recursive: true });
    if (isNew) chmodSync(options.homeDir, 0o711);
    this.#home = realpathSync(options.homeDir);
    this.#groups = options.controlGroups === 'off' ? undefined : detectControlGroups(groupName(this.#home));
    if (process.getuid?.() === 0) {
      this.#slots = new UidSlots(options.slotsDir ?? DEFAULT_SLOTS_DIR, options.uids ?? DEFAULT_UIDS);
    }
  }

  capabilities(): DriverCapabilities {
    const grouped = this.#groups ? 'hard' : undefined;
    return {
      memory: grouped ?? 'soft',
      pids: grouped ?? (this.#slots ? 'hard' : 'absent'),
      cpu: grouped ?? 'absent',
      workspaceBytes: 'soft',
      tmpBytes: 'hard',
      network: 'hard',
      freeze: this.#groups !== undefined,
    };
  }

  async selfTest(): Promise<void> {
    await proveIsolation(this);
  }

  async open(spec: SandboxSpec): Promise<Sandbox> {
    const known = this.#open.get(spec.runId);
    if (known) return known;
    const opening = this.#openNow(spec);
    this.#open.set(spec.runId, opening);
    opening.catch(() => this.#open.delete(spec.runId));
    return opening;
  }

  async sweep(keep: ReadonlySet<string>): Promise<void> {
    for (const entry of readdirSync(this.#home, { withFileTypes: true })) {
      if (!entry.isDirectory() || entry.name === SETTINGS_DIR || keep.has(entry.name)) continue;
      await this.#remove(entry.name);
    }
    await this.#groups?.sweep(new Set([...keep, ...this.#open.keys()]));
  }

  async #openNow(spec: SandboxSpec): Promise<LocalSandbox> {
    const tools = this.#launchTools();
    const mounts = allowedMounts(spec.profile, this.#options.mountSources ?? []);
    const directory = new SandboxDirectory(this.#home, spec.runId);
    const uid = await this.#prepare(spec, directory);
    const groups = this.#groups?.sandbox(spec.runId, spec.profile.limits);
    return new LocalSandbox({
      runId: spec.runId,
      directory,
      workspacePath: '/workspace',
      limits: spec.profile.limits,
      groups,
      launch: (request, group) => bubblewrapLaunch(tools, { spec, directory, mounts, uid }, request, group),
      released: () => {
        if (uid !== undefined) this.#slots?.free(uid, directory.path);
        this.#open.delete(spec.runId);
      },
    });
  }

  /** The sandbox's directory and uid: as they were left, or new. */
  async #prepare(spec: SandboxSpec, directory: SandboxDirectory): Promise<number | undefined> {
    const known = directory.meta();
    const uid = this.#slots?.take(directory.path, known?.uid);
    const meta: SandboxMeta = {
      runId: spec.runId,
      workspaceId: spec.workspaceId,
      profile: spec.profile.slug,
      ...(uid !== undefined && { uid }),
    };
    if (!known) directory.create(meta);
    else if (uid !== undefined && uid !== known.uid) await directory.changeOwner({ ...meta, uid });
    return uid;
  }

  async #remove(runId: string): Promise<void> {
    const open = this.#open.get(runId);
    if (open) return (await open).release();
    const directory = new SandboxDirectory(this.#home, runId);
    const uid = directory.meta()?.uid;
    await directory.remove();
    if (uid !== undefined) this.#slots?.free(uid, directory.path);
  }

  #launchTools(): LaunchTools {
    this.#tools ??= this.#findTools();
    return this.#tools;
  }

  #findTools(): LaunchTools {
    const filter = seccompFilter(process.arch);
    if (!filter) {
      throw new SandboxUnavailableError(
        `there is no system call filter for ${process.arch}`,
        'run the sandbox service on an x86_64 or arm64 machine',
      );
    }
    const settings = `${this.#home}/${SETTINGS_DIR}`;
    mkdirSync(settings, { recursive: true, mode: 0o711 });
    writeFileSync(`${settings}/seccomp.bpf`, filter, { mode: 0o600 });
    const node = { source: realpathSync(process.execPath), target: `${NODE_BIN}/node` };
    return {
      bwrap: findProgram('bwrap', 'apt-get install -y bubblewrap'),
      prlimit: findProgram('prlimit', 'apt-get install -y util-linux'),
      setpriv: findProgram('setpriv', 'apt-get install -y util-linux'),
      seccompProgram: `${settings}/seccomp.bpf`,
      toolchain: [...identityFiles(`${settings}/etc`), node, ...(this.#options.toolchain ?? [])],
      home: this.#home,
      openFiles: openFilesLimit(),
      processLimitByUid: this.#groups === undefined && this.#slots !== undefined,
    };
  }
}

/** Groups of two services on one machine must not meet. */
function groupName(home: string): string {
  return `runledger-${createHash('sha256').update(home).digest('hex').slice(0, 12)}`;
}
