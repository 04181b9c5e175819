import type Docker from 'dockerode';
import { createHash } from 'node:crypto';
import { canonicalJson } from '@runledger/kernel';
import { identityFiles, NEUTRAL_ENVIRONMENT } from '../driver/host-tools.js';
import { allowedMounts } from '../driver/mount-sources.js';
import type { DriverCapabilities, LeftSandbox, Sandbox, SandboxDriver, SandboxSpec } from '../driver/sandbox-driver.js';
import { IsolationNotAllowedError, SandboxUnavailableError } from '../driver/sandbox-faults.js';
import { SandboxHome, type SandboxPlace } from '../driver/sandbox-home.js';
import { DEFAULT_SLOTS_DIR, DEFAULT_UIDS, UidSlots } from '../driver/uid-slots.js';
import { egressRulesOf } from '../egress/egress-policy.js';
import { ContainerCall } from './container-call.js';
import { ContainerEgress } from './container-egress.js';
import { settleCall } from './container-output.js';
import { CALLS_DIRECTORY, KEEPER } from './container-scripts.js';
import { DockerContainer, SETTINGS_LABEL } from './docker-container.js';
import { DockerEngine, type EngineFacts } from './docker-engine.js';
import type { DockerSettings } from './docker-settings.js';
import { OldCalls } from './old-calls.js';

export interface DockerOptions extends DockerSettings {
  readonly homeDir: string;
  readonly mountSources?: readonly string[];
  readonly privateNetworks?: readonly string[];
  readonly slotsDir?: string;
}

const HOME_LABEL = 'runledger.home';
const RUN_LABEL = 'runledger.run';
/** Of the container itself and of what goes with a call: shells, tees, and those who come to kill. */
const OWN_PROCESSES = 24;
const SHM_SHARE = 4;

/** A container of the profile's image for every sandbox, without a network and with nothing of root's (S1). */
export class DockerDriver implements SandboxDriver {
  readonly name = 'docker';
  readonly #options: DockerOptions;
  readonly #home: SandboxHome;
  readonly #engine: DockerEngine;
  #facts: EngineFacts | undefined;

  constructor(options: DockerOptions) {
    this.#options = options;
    const isRoot = process.getuid?.() === 0;
    const slots = isRoot ? new UidSlots(options.slotsDir ?? DEFAULT_SLOTS_DIR, DEFAULT_UIDS) : undefined;
    this.#engine = new DockerEngine(options);
    const elsewhere = { runs: () => this.#leftRuns(), remove: (runId: string) => this.#removeContainers(runId) };
    this.#home = new SandboxHome(options.homeDir, { groups: false, slots, elsewhere });
  }

  /** What the engine does not limit is known once it was asked. */
  capabilities(): DriverCapabilities {
    const held = (kept: boolean | undefined) => (kept === false ? 'absent' : 'hard');
    return {
      memory: held(this.#facts?.memory),
      pids: held(this.#facts?.pids),
      cpu: held(this.#facts?.cpu),
      workspaceBytes: 'soft',
      tmpBytes: 'hard',
      network: 'hard',
      processTree: 'soft',
      freeze: false,
    };
  }

  /** Of the engine. Isolation is proven anew in each container, because an image may bring what undoes it. */
  async selfTest(): Promise<void> {
    const facts = await this.#asked();
    const { runtime, socketPath } = this.#options;
    if (!facts.filtersCalls) {
      throw new SandboxUnavailableError('the Docker Engine filters no system calls', 'start dockerd with seccomp');
    }
    if (!facts.pids || !facts.memory) {
      throw new SandboxUnavailableError('the Docker Engine limits neither memory nor processes', 'docker info');
    }
    if (runtime !== undefined && !facts.runtimes.includes(runtime)) {
      const known = facts.runtimes.join(', ');
      throw new SandboxUnavailableError(
        `the Docker Engine at ${socketPath} has no runtime ${runtime}, only ${known}`,
        `add ${runtime} to /etc/docker/daemon.json, or change RUNLEDGER_DOCKER_RUNTIME`,
      );
    }
  }

  /** Throws `MountNotAllowedError` before anything is made; the container itself is made at the first call. */
  async open(spec: SandboxSpec): Promise<Sandbox> {
    const { isolation, image, slug } = spec.profile;
    if (isolation !== 'docker' || image === undefined) {
      throw new IsolationNotAllowedError(slug, 'it is not a profile for containers of Docker.');
    }
    const mounts = allowedMounts(spec.profile, this.#options.mountSources ?? []);
    return this.#home.open(spec, place => {
      place.directory.makeCalls(place.uid);
      const options = this.#containerOptions(spec, place, { image, mounts });
      const runtime = this.#options.runtime ?? 'runc';
      const container = new DockerContainer({ engine: this.#engine, options, runtime });
      const egress = new ContainerEgress(egressRulesOf(spec.profile, this.#options.privateNetworks ?? []));
      const { workspaceBytes, outputBytes } = spec.profile.limits;
      const old = new OldCalls(place.directory.journal);
      return {
        workspacePath: '/workspace',
        startsSlowly: true,
        watchMemory: false,
        prepare: async request => {
          const proxy = await egress.variables(() => container.pid());
          const env = { ...ENVIRONMENT, ...proxy, ...spec.profile.env, ...request.env };
          return call => new ContainerCall(container, { env, fileBytes: workspaceBytes, old: old.take() }, call);
        },
        settle: journal => settleCall(container, journal, outputBytes),
        watch: onEgress => egress.watch(onEgress),
        relay: target => egress.relay(target, () => container.pid()),
        close: async inUse => {
          await egress.close();
          if (inUse !== true) await container.remove();
        },
      };
    });
  }

  async adopt(left: LeftSandbox): Promise<boolean> {
    await this.#engine.remove(containerName(left.homeDir, left.runId));
    return this.#home.adopt(left);
  }

  async sweep(keep: ReadonlySet<string>): Promise<void> {
    await this.#home.sweep(keep);
  }

  async close(inUse?: ReadonlySet<string>): Promise<void> {
    await this.#home.close(inUse);
  }

  async #leftRuns(): Promise<string[]> {
    const containers = await this.#engine.labelled(this.#ours);
    return containers.flatMap(({ labels }) => labels[RUN_LABEL] ?? []);
  }

  #removeContainers(runId: string): Promise<void> {
    return this.#engine.removeLabelled(this.#ours, `${RUN_LABEL}=${runId}`);
  }

  get #ours(): string {
    return `${HOME_LABEL}=${hashOf(this.#home.path)}`;
  }

  async #asked(): Promise<EngineFacts> {
    try {
      return (this.#facts = await this.#engine.facts());
    } catch (cause) {
      const { socketPath } = this.#options;
      const what = `no Docker Engine answers at ${socketPath}`;
      throw new SandboxUnavailableError(what, 'start dockerd, or change RUNLEDGER_DOCKER_HOST', cause);
    }
  }

  #containerOptions(
    { profile, runId }: SandboxSpec,
    { directory, uid }: SandboxPlace,
    { image, mounts }: { image: string; mounts: ReturnType<typeof allowedMounts> },
  ): Docker.ContainerCreateOptions & { readonly name: string; readonly Image: string } {
    const user = uid ?? process.getuid?.() ?? 0;
    const identity = identityFiles(directory.identity, user).filter(({ target }) => target !== '/etc/hosts');
    const options = {
      ...containerOptions(profile, user),
      Image: image,
      name: containerName(this.#home.path, runId),
    };
    const binds = [
      `${directory.workspace}:/workspace:rw`,
      `${directory.home}:/home/agent:rw`,
      `${directory.calls}:${CALLS_DIRECTORY}:rw`,
      ...identity.map(({ source, target }) => `${source}:${target}:ro`),
      ...mounts.map(({ source, target, mode }) => `${source}:${target}:${mode}`),
    ];
    const hostConfig = {
      ...options.HostConfig,
      Binds: binds,
      ...(this.#options.runtime !== undefined && { Runtime: this.#options.runtime }),
    };
    const labels = { [HOME_LABEL]: hashOf(this.#home.path), [RUN_LABEL]: runId };
    const settings = hashOf(canonicalJson({ ...options, HostConfig: hostConfig, KEEPER }));
    return { ...options, HostConfig: hostConfig, Labels: { ...labels, [SETTINGS_LABEL]: settings } };
  }
}

/** The image says which programs are found where. */
const { PATH: _path, ...ENVIRONMENT } = NEUTRAL_ENVIRONMENT;

function containerOptions({ limits }: SandboxSpec['profile'], user: number): Docker.ContainerCreateOptions {
  const tmp = (bytes: number) => `rw,exec,nosuid,nodev,mode=1777,size=${bytes}`;
  return {
    Entrypoint: ['/bin/sh', '-c', KEEPER],
    Cmd: [],
    User: `${user}:${user}`,
    WorkingDir: '/workspace',
    Hostname: 'sandbox',
    OpenStdin: true,
    StdinOnce: false,
    NetworkDisabled: true,
    HostConfig: {
      NetworkMode: 'none',
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges:true'],
      Init: true,
      PidsLimit: limits.pids + OWN_PROCESSES,
      Memory: limits.memoryBytes,
      MemorySwap: limits.memoryBytes,
      NanoCpus: Math.round(limits.cpuPercent * 10_000_000),
      Tmpfs: { '/tmp': tmp(limits.tmpBytes) },
      ShmSize: Math.ceil(limits.tmpBytes / SHM_SHARE),
      IpcMode: 'private',
      LogConfig: { Type: 'none', Config: {} },
      RestartPolicy: { Name: 'no' },
    },
  };
}

function containerName(homeDir: string, runId: string): string {
  return `runledger-${hashOf(homeDir)}-${runId}`;
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
