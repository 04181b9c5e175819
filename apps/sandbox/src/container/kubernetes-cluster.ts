import type { CoreV1Api, KubeConfig, NetworkingV1Api, V1NetworkPolicy, V1Pod, V1Status } from '@kubernetes/client-node';
import { refusalBy, saidIn, silent, type ClusterRight } from './cluster-refusals.js';
import type { ContainerProcess, ContainerProgram } from './container-port.js';
import type { KubernetesSettings } from './kubernetes-settings.js';
import type { PodChannels } from './pod-channels.js';
import { connectPod } from './pod-connection.js';
import { POD_CONTAINER } from './pod-manifest.js';
import { WORD_READER, wordsOf } from './program-words.js';
import { CallNotStartedError } from '../driver/sandbox-faults.js';

interface Client {
  readonly config: KubeConfig;
  readonly core: CoreV1Api;
  readonly networking: NetworkingV1Api;
}

interface Asking<Instead> {
  readonly verb: string;
  readonly resource?: string;
  /** What to answer when it is not there. */
  readonly absent?: Instead;
  /** What to answer when there is one of that name already. */
  readonly taken?: Instead;
}

/** One namespace of a cluster over the Kubernetes API. Its client is only loaded when it is first needed. */
export class KubernetesCluster {
  #client: Promise<Client> | undefined;

  constructor(private readonly settings: KubernetesSettings) {}

  async pod(name: string): Promise<V1Pod | undefined> {
    const { namespace } = this.settings;
    return this.#asked(({ core }) => core.readNamespacedPod({ name, namespace }), { verb: 'get', absent: undefined });
  }

  /** False when there is one of that name already. */
  async create(body: V1Pod): Promise<boolean> {
    const { namespace } = this.settings;
    const asking = { verb: 'create', taken: undefined };
    const made = await this.#asked(({ core }) => core.createNamespacedPod({ namespace, body }), asking);
    return made !== undefined;
  }

  async remove(name: string): Promise<void> {
    const { namespace } = this.settings;
    const now = { name, namespace, gracePeriodSeconds: 0 };
    await this.#asked(({ core }) => core.deleteNamespacedPod(now), { verb: 'delete', absent: undefined });
  }

  async labelled(labelSelector: string): Promise<V1Pod[]> {
    const { namespace } = this.settings;
    return (await this.#asked(({ core }) => core.listNamespacedPod({ namespace, labelSelector }), { verb: 'list' }))
      .items;
  }

  /** Answers the one of that name that there is, made now or before; one that is there is left as it is. */
  async keepPolicy(body: V1NetworkPolicy): Promise<V1NetworkPolicy> {
    const { namespace } = this.settings;
    const [name, resource] = [body.metadata?.name ?? '', 'networkpolicies'];
    const made = await this.#asked(({ networking }) => networking.createNamespacedNetworkPolicy({ namespace, body }), {
      ...{ verb: 'create', resource, taken: undefined },
    });
    return (
      made ??
      this.#asked(({ networking }) => networking.readNamespacedNetworkPolicy({ name, namespace }), {
        ...{ verb: 'get', resource },
      })
    );
  }

  /** Undefined: no such pod runs. Its end is asked for once both outputs have ended; throws when it was not started, or nobody knows. */
  async exec(name: string, program: ContainerProgram): Promise<ContainerProcess | undefined> {
    const channels = await this.#channels(name, 'exec', WORD_READER);
    if (!channels) return undefined;
    channels.stdin.write(wordsOf(program));
    const { stdin, stdout, stderr } = channels;
    const exitCode = () => Promise.resolve().then(() => exitCodeOf(channels.status, program));
    return { stdin, stdout, stderr, exitCode, close: () => channels.close() };
  }

  /** Writes to the standard input of the pod's first program. */
  async tell(name: string, words: string): Promise<void> {
    const channels = await this.#channels(name, 'attach', []);
    if (!channels) return;
    await new Promise<void>(resolve => channels.stdin.write(words, () => resolve()));
    await new Promise(resolve => setTimeout(resolve, SAID_MS));
    channels.close();
  }

  async #channels(
    name: string,
    action: 'exec' | 'attach',
    command: readonly string[],
  ): Promise<PodChannels | undefined> {
    const { config } = await this.#connected();
    const { namespace, rhythm } = this.settings;
    const outputs = action === 'exec' ? 'true' : 'false';
    const query = new URLSearchParams({
      ...{ container: POD_CONTAINER, stdin: 'true', stdout: outputs, stderr: outputs, tty: 'false' },
    });
    command.forEach(word => query.append('command', word));
    const path = `/api/v1/namespaces/${namespace}/pods/${name}/${action}?${query.toString().replaceAll('+', '%20')}`;
    return connectPod({ config, path, rhythm, right: this.#right('create', `pods/${action}`) });
  }

  #right(verb: string, resource = 'pods'): ClusterRight {
    return { verb, resource, namespace: this.settings.namespace };
  }

  async #asked<Answer, Instead = never>(
    ask: (client: Client) => Promise<Answer>,
    { verb, resource, ...instead }: Asking<Instead>,
  ): Promise<Answer | Instead> {
    const client = await this.#connected();
    try {
      return await ask(client);
    } catch (error) {
      const { code, body } = error as { readonly code?: unknown; readonly body?: unknown };
      if (typeof code !== 'number') throw silent(this.settings.namespace, messageOf(error));
      if (code === 404 && 'absent' in instead) return instead.absent;
      if (code === 409 && 'taken' in instead) return instead.taken;
      throw refusalBy({ code, body }, this.#right(verb, resource)) ?? error;
    }
  }

  #connected(): Promise<Client> {
    this.#client ??= this.#load();
    this.#client.catch(() => (this.#client = undefined));
    return this.#client;
  }

  async #load(): Promise<Client> {
    const library = await import('@kubernetes/client-node');
    const config = new library.KubeConfig();
    if (this.settings.kubeconfig === undefined) config.loadFromCluster();
    else config.loadFromFile(this.settings.kubeconfig);
    const [core, networking] = [library.CoreV1Api, library.NetworkingV1Api] as const;
    return { config, core: config.makeApiClient(core), networking: config.makeApiClient(networking) };
  }
}

const SAID_MS = 50;

/** An engine that could not start it says so in words, after the connection was made. */
function exitCodeOf(status: V1Status | undefined, { argv }: ContainerProgram): number | undefined {
  if (status?.status === 'Success') return 0;
  const code = status?.details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message;
  if (code !== undefined) return Number(code);
  if (status === undefined) return undefined;
  throw new CallNotStartedError(
    argv.join(' ').slice(0, 80),
    `the cluster says: ${saidIn({ kind: 'Status', ...status }) ?? status.reason ?? 'no'}`,
  );
}

function messageOf(error: unknown): string {
  return (error as { readonly message?: string }).message ?? String(error);
}
