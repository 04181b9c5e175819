import { createHash } from 'node:crypto';
import type { V1NetworkPolicy } from '@kubernetes/client-node';
import { NEUTRAL_ENVIRONMENT } from '../driver/host-tools.js';
import type { DriverCapabilities, LeftSandbox, Sandbox, SandboxDriver, SandboxSpec } from '../driver/sandbox-driver.js';
import { IsolationNotAllowedError, MountNotAllowedError, SandboxUnavailableError } from '../driver/sandbox-faults.js';
import type { SandboxDirectory } from '../driver/sandbox-directory.js';
import { SandboxHome } from '../driver/sandbox-home.js';
import { SandboxLostError } from '../workers/worker-faults.js';
import { egressRulesOf } from '../egress/egress-policy.js';
import { ContainerCall } from './container-call.js';
import type { ContainerProgram } from './container-port.js';
import { settleCall } from './container-output.js';
import { KubernetesCluster } from './kubernetes-cluster.js';
import type { KubernetesSettings } from './kubernetes-settings.js';
import { OldCalls } from './old-calls.js';
import { PodContainer, type PodRecord } from './pod-container.js';
import { PodEgress } from './pod-egress.js';
import { denyAll, HOME_LABEL, letThroughBy, podManifest, RUN_ANNOTATION } from './pod-manifest.js';

export interface KubernetesOptions extends KubernetesSettings {
  readonly homeDir: string;
  readonly privateNetworks?: readonly string[];
  /** For how long the cluster may try to get an image; default 120,000. */
  readonly pullPatienceMs?: number;
}

/** For which a registry may be away. */
const PULL_PATIENCE_MS = 120_000;

/** The image says which programs are found where. */
const { PATH: _path, ...ENVIRONMENT } = NEUTRAL_ENVIRONMENT;

/** A pod of the profile's image for every sandbox (S1). Its files are in the pod, and go with it; journals are here. */
export class KubernetesDriver implements SandboxDriver {
  readonly name = 'kubernetes';
  readonly #options: KubernetesOptions;
  readonly #home: SandboxHome;
  readonly #cluster: KubernetesCluster;

  constructor(options: KubernetesOptions) {
    this.#options = options;
    this.#cluster = new KubernetesCluster(options);
    const elsewhere = {
      runs: () => this.#leftRuns(),
      remove: (runId: string) => this.#cluster.remove(podName(runId)), // also that of a run that was moved here
    };
    this.#home = new SandboxHome(options.homeDir, { groups: false, slots: undefined, elsewhere });
  }

  capabilities(): DriverCapabilities {
    return {
      memory: 'hard',
      pids: 'absent', // only the node's own setting counts processes of a pod
      cpu: 'hard',
      workspaceBytes: 'soft', // the pod is evicted a moment later
      tmpBytes: 'soft',
      network: 'soft', // as hard as the cluster's network plugin keeps to policies
      processTree: 'soft',
      freeze: false,
    };
  }

  /** Of the way to the cluster, the rights in the namespace, and its network policy. Each pod is proven before it is used. */
  async selfTest(): Promise<void> {
    const { namespace } = this.#options;
    const policy = await this.#kept();
    const open = letThroughBy(policy);
    if (open === undefined) return;
    const name = policy.metadata?.name;
    throw new SandboxUnavailableError(
      `the network policy ${name} in namespace ${namespace} is not the one that the service makes: ${open}`,
      `kubectl delete networkpolicy ${name} --namespace ${namespace}`, // and the service makes it anew
    );
  }

  async #kept(): Promise<V1NetworkPolicy> {
    const { namespace } = this.#options;
    try {
      await this.#cluster.labelled(this.#ours);
      return await this.#cluster.keepPolicy(denyAll());
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message.split('\n', 1)[0] : String(cause);
      throw new SandboxUnavailableError(
        `namespace ${namespace} of the cluster cannot be used (${reason})`,
        `kubectl auth can-i create pods/exec --namespace ${namespace}`,
        cause,
      );
    }
  }

  /** The pod itself is made at the first call. */
  async open(spec: SandboxSpec): Promise<Sandbox> {
    const { isolation, image, slug, mounts, limits } = spec.profile;
    if (isolation !== 'kubernetes' || image === undefined) {
      throw new IsolationNotAllowedError(slug, 'it is not a profile for pods.');
    }
    const [mount] = mounts;
    if (mount) throw new MountNotAllowedError(mount.source, 'a pod sees no directory of the service');
    return this.#home.open(spec, ({ directory }) => {
      const { runId } = spec;
      const name = podName(runId);
      const manifest = podManifest({ name, runId, home: this.#homeHash }, { ...spec.profile, image }, this.#options);
      const pullPatienceMs = this.#options.pullPatienceMs ?? PULL_PATIENCE_MS;
      const record = podRecord(directory, why => new SandboxLostError(runId, `pod ${name} (${why})`));
      const pod = new PodContainer({ cluster: this.#cluster, manifest, record, pullPatienceMs });
      const old = new OldCalls(directory.journal);
      const relayed = { runId, image, start: (program: ContainerProgram) => pod.start(program) };
      const egress = new PodEgress(relayed, egressRulesOf(spec.profile, this.#options.privateNetworks ?? []));
      return {
        workspacePath: '/workspace',
        watchMemory: false,
        filesAreHere: false,
        prepare: async request => {
          const env = { ...ENVIRONMENT, ...(await egress.variables()), ...spec.profile.env, ...request.env };
          return call => new ContainerCall(pod, { env, fileBytes: limits.workspaceBytes, old: old.take() }, call);
        },
        settle: journal => settleCall(pod, journal, limits.outputBytes),
        watch: onEgress => egress.watch(onEgress),
        relay: target => egress.relay(target),
        close: () => egress.close(), // the pod stays: the workspace is in there
        remove: () => pod.remove(),
      };
    });
  }

  /** The pod is the same wherever its journal is: who had it before is dead, and with it the calls that it held. */
  adopt(left: LeftSandbox): Promise<boolean> {
    return this.#home.adopt(left);
  }

  async sweep(keep: ReadonlySet<string>): Promise<void> {
    await this.#home.sweep(keep);
  }

  async close(inUse?: ReadonlySet<string>): Promise<void> {
    await this.#home.close(inUse);
  }

  async #leftRuns(): Promise<string[]> {
    const pods = await this.#cluster.labelled(this.#ours);
    return pods.flatMap(({ metadata }) => metadata?.annotations?.[RUN_ANNOTATION] ?? []);
  }

  get #homeHash(): string {
    return hashOf(this.#home.path);
  }

  get #ours(): string {
    return `${HOME_LABEL}=${this.#homeHash}`;
  }
}

function podRecord(directory: SandboxDirectory, lost: PodRecord['lost']): PodRecord {
  return {
    lost,
    get uid() {
      return directory.pod;
    },
    set uid(uid) {
      directory.pod = uid;
    },
    get isSetUp() {
      return directory.ready;
    },
  };
}

/** Run ids hold what names of pods may not. */
function podName(runId: string): string {
  return `runledger-${hashOf(runId)}`;
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 20);
}
