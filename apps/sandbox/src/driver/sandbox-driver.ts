import type { ProfileDefinition } from '@runledger/contracts';
import type { Readable } from 'node:stream';
import type { EgressRequest } from '../egress/egress-request.js';
import type { Relay, RelayTarget } from '../egress/key-relays.js';

/** How surely a limit holds: by the kernel, by a watchdog that reacts, or not at all. Shown in the API. */
export type LimitStrength = 'hard' | 'soft' | 'absent';

export interface DriverCapabilities {
  readonly memory: LimitStrength;
  readonly pids: LimitStrength;
  readonly cpu: LimitStrength;
  readonly workspaceBytes: LimitStrength;
  readonly tmpBytes: LimitStrength;
  readonly network: LimitStrength;
  /** That no process of a call outlives it. */
  readonly processTree: LimitStrength;
  readonly freeze: boolean;
}

/** The sandbox of one run: its workspace lives until `release`, also across restarts of the service. */
export interface SandboxSpec {
  readonly workspaceId: string;
  readonly runId: string;
  readonly profile: ProfileDefinition;
}

/** One process tree inside the sandbox. */
export interface ExecRequest {
  /**
   * Names the call in the sandbox's journal. A call that ended there is never run again: asking for it once more, also
   * after a crash of the service, plays back its recorded output and result (R2).
   */
  readonly callId: string;
  readonly argv: readonly [string, ...string[]];
  /** Added to the profile's environment. Nothing of the service's own environment is ever seen inside. */
  readonly env?: Readonly<Record<string, string>>;
  /** Absolute inside the sandbox; default `/workspace`. */
  readonly cwd?: string;
  readonly stdin?: Buffer;
  /** Instead of `stdin`: what is written here reaches the program as it comes. */
  readonly input?: Readable;
  readonly timeoutMs: number;
  /** Between SIGTERM and SIGKILL, for a time-out or a graceful cancel; default 2,000. */
  readonly graceMs?: number;
  /** Aborting stops the call; reason `'force'` kills at once, anything else lets `graceMs` pass. */
  readonly signal?: AbortSignal;
  /** `ro`: the call cannot change the workspace. Default `rw`. */
  readonly workspace?: 'rw' | 'ro';
  /** Instead of the profile's `outputBytes`. */
  readonly outputBytes?: number;
  /** `shared`: from this call on, what listens on loopback in one call is reached from the others. */
  readonly loopback?: 'shared';
  /** Leaves nothing of the call in the journal: for calls that change nothing and may be repeated. */
  readonly forget?: boolean;
  /** Called in order; a returned promise holds the output back until it resolves. */
  onOutput?(channel: 'stdout' | 'stderr', chunk: Buffer): void | Promise<void>;
  /** Called for each request to the network while the call runs; where calls run side by side, one of them hears of it. */
  onEgress?(request: EgressRequest): void;
}

export interface ExecResult {
  /** `output-limit`: the profile's `outputBytes`, or its `workspaceBytes`, was reached and the tree was killed. */
  readonly why: 'exit' | 'timeout' | 'cancelled' | 'oom' | 'output-limit';
  /** 128 + signal number when a signal ended it. */
  readonly exitCode: number;
  readonly durationMs: number;
  /** True when the call had ended before and was only played back. */
  readonly replayed: boolean;
}

/** Where on this machine the files of a sandbox are, and whose they are. */
export interface SandboxFiles {
  readonly workspace: string;
  readonly home: string;
  /** Undefined: the service's own. */
  readonly uid: number | undefined;
}

export interface Sandbox {
  readonly runId: string;
  /** Left out where the service cannot reach them. What is in there is not to be trusted: follow no link. */
  readonly files?: SandboxFiles | undefined;
  /** True when this process made the workspace just now: set-up (clones) is still to be done. */
  readonly fresh: boolean;
  /** Where programs inside find the workspace: `/workspace`, except with the `process` driver. */
  readonly workspacePath: string;
  /** Whoever opens it again after it was left waits for a container to start. */
  readonly startsSlowly?: boolean;
  exec(request: ExecRequest): Promise<ExecResult>;
  /**
   * Whether something may be at an absolute path inside. `false` is sure and spares a call; after `true` only a call can tell.
   * Another call may change it at any time.
   */
  mayHold(path: string): Promise<boolean>;
  /** A way from inside to one address, with a credential that programs inside never see. */
  relay(target: RelayTarget): Promise<Relay>;
  /** Marks set-up as done, so that a later `open` answers `fresh: false`. */
  markReady(): Promise<void>;
  /** Takes that back: its files are to be made anew by whoever opens it next. */
  markUnready(): Promise<void>;
  /** Kills what runs and removes workspace, journal, mounts and groups. Idempotent. */
  release(): Promise<void>;
  /** Kills what runs and gives back mounts and groups; workspace and journal stay for whoever has the run now. Idempotent. */
  leave(): Promise<void>;
}

/** The sandbox of a run as a worker that is gone left it. */
export interface LeftSandbox {
  readonly runId: string;
  /** The worker that had it. */
  readonly from: string;
  /** That worker's directory of this driver, on this machine. */
  readonly homeDir: string;
}

/** A way to isolate untrusted work (S1). There is no silent fallback from one driver to another. */
export interface SandboxDriver {
  readonly name: 'bubblewrap' | 'docker' | 'kubernetes' | 'process';
  capabilities(): DriverCapabilities;
  /** Proves on this machine that the isolation holds; throws `SandboxUnavailableError` saying what to do. */
  selfTest(): Promise<void>;
  /** Makes the run's sandbox, or opens it again as it was left. */
  open(spec: SandboxSpec): Promise<Sandbox>;
  /**
   * Moves a sandbox here, with everything that ran in it ended: the worker that had it must be taken for dead. Answers whether
   * it is here, now or from an earlier call.
   */
  adopt(left: LeftSandbox): Promise<boolean>;
  /** Removes what earlier processes left of runs that are not in `keep`. */
  sweep(keep: ReadonlySet<string>): Promise<void>;
  /**
   * At the end of this process: gives back what its open sandboxes hold of the machine, such as groups. Their workspaces stay, for
   * the next start. No call of this process may be under way, and none may follow. In the sandboxes of the runs `inUse`, calls of
   * other processes go on.
   */
  close(inUse?: ReadonlySet<string>): Promise<void>;
}
