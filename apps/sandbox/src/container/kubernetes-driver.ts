import { createHash } from 'node:crypto';
import { NEUTRAL_ENVIRONMENT } from '../driver/host-tools.js';
import type { DriverCapabilities, LeftSandbox, Sandbox, SandboxDriver, SandboxSpec } from '../driver/sandbox-driver.js';
import { IsolationNotAllowedError, MountNotAllowedError, SandboxUnavailableError } from '../driver/sandbox-faults.js';
import { SandboxHome } from '../driver/sandbox-home.js';
import { SandboxLostError } from '../workers/worker-faults.js';
import { ContainerCall } from './container-call.js';
import { settleCall } from './container-output.js';
import { KubernetesCluster } from './kubernetes-cluster.js';
import type { KubernetesSettings } from './kubernetes-settings.js';
import { OldCalls } from './old-calls.js';
import { PodContainer } from './pod-container.js';
import { denyAll, HOME_LABEL, podManifest, RUN_ANNOTATION } from './pod-manifest.js';

export interface KubernetesOptions extends KubernetesSettings {
  readonly homeDir: string;
}

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
    this.#home = new SandboxHome(options.homeDir, { groups: false, slots: undefined });
    this.#cluster = new KubernetesCluster(options);
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
    try {
      await this.#cluster.labelled(this.#ours);
      await this.#cluster.keepPolicy(denyAll());
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
      const lost = (why: string) => new SandboxLostError(runId, `pod ${name} (${why})`);
      const pod = new PodContainer(this.#cluster, manifest, lost, () => directory.ready);
      const old = new OldCalls(directory.journal);
      return {
        workspacePath: '/workspace',
        watchMemory: false,
        filesAreHere: false,
        prepare: request => {
          const env = { ...ENVIRONMENT, ...spec.profile.env, ...request.env };
          return Promise.resolve(call => {
            return new ContainerCall(pod, { env, fileBytes: limits.workspaceBytes, old: old.take() }, call);
          });
        },
        settle: journal => settleCall(pod, journal, limits.outputBytes),
        close: () => Promise.resolve(), // the workspace is in the pod
        remove: () => pod.remove(),
      };
    });
  }

  /** The pod is the same wherever its journal is: who had it before is dead, and with it the calls that it held. */
  adopt(left: LeftSandbox): Promise<boolean> {
    return this.#home.adopt(left);
  }

  async sweep(keep: ReadonlySet<string>): Promise<void> {
    const kept = new Set([...keep, ...this.#home.openRuns()]);
    const labelled = (await this.#cluster.labelled(this.#ours)).map(({ metadata }) => ({
      name: metadata?.name ?? '',
      runId: metadata?.annotations?.[RUN_ANNOTATION] ?? '',
    }));
    const moved = this.#home.runs().map(runId => ({ name: podName(runId), runId }));
    const unwanted = new Set([...labelled, ...moved].filter(({ runId }) => !kept.has(runId)).map(({ name }) => name));
    for (const name of unwanted) await this.#cluster.remove(name);
    await this.#home.sweep(keep);
  }

  async close(inUse?: ReadonlySet<string>): Promise<void> {
    await this.#home.close(inUse);
  }

  get #homeHash(): string {
    return hashOf(this.#home.path);
  }

  get #ours(): string {
    return `${HOME_LABEL}=${this.#homeHash}`;
  }
}

/** Run ids hold what names of pods may not. */
function podName(runId: string): string {
  return `runledger-${hashOf(runId)}`;
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 20);
}
