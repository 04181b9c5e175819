import type { CoreV1Api, KubeConfig, NetworkingV1Api, V1NetworkPolicy, V1Pod, V1Status } from '@kubernetes/client-node';
import type { WebSocketHandler } from '@kubernetes/client-node/dist/web-socket-handler.js';
import type * as library from '@kubernetes/client-node';
import { PassThrough } from 'node:stream';
import { EngineSilentError } from './container-faults.js';
import type { ContainerProcess, ContainerProgram } from './container-port.js';
import type { KubernetesSettings } from './kubernetes-settings.js';
import { POD_CONTAINER } from './pod-manifest.js';

interface Client {
  readonly library: typeof library;
  readonly config: KubeConfig;
  readonly core: CoreV1Api;
  readonly networking: NetworkingV1Api;
}

/** The part of a WebSocket that is used. */
interface Connection {
  close(): void;
  /** Without waiting for what is still on its way. */
  terminate(): void;
  addEventListener(type: 'close' | 'error', listener: () => void): void;
}

/** One namespace of a cluster over the Kubernetes API. Its client is only loaded when it is first needed. */
export class KubernetesCluster {
  #client: Promise<Client> | undefined;

  constructor(private readonly settings: KubernetesSettings) {}

  async pod(name: string): Promise<V1Pod | undefined> {
    const { namespace } = this.settings;
    return this.#asked(({ core }) => core.readNamespacedPod({ name, namespace }), { absent: undefined });
  }

  /** False when there is one of that name already. */
  async create(body: V1Pod): Promise<boolean> {
    const { namespace } = this.settings;
    const made = await this.#asked(({ core }) => core.createNamespacedPod({ namespace, body }), { taken: undefined });
    return made !== undefined;
  }

  async remove(name: string): Promise<void> {
    const { namespace } = this.settings;
    const now = { name, namespace, gracePeriodSeconds: 0 };
    await this.#asked(({ core }) => core.deleteNamespacedPod(now), { absent: undefined });
  }

  async labelled(labelSelector: string): Promise<V1Pod[]> {
    const { namespace } = this.settings;
    return (await this.#asked(({ core }) => core.listNamespacedPod({ namespace, labelSelector }))).items;
  }

  /** Leaves one that is there as it is. */
  async keepPolicy(body: V1NetworkPolicy): Promise<void> {
    const { namespace } = this.settings;
    await this.#asked(({ networking }) => networking.createNamespacedNetworkPolicy({ namespace, body }), {
      taken: undefined,
    });
  }

  /** Undefined: no such pod runs. */
  async exec(name: string, { argv, env }: ContainerProgram): Promise<ContainerProcess | undefined> {
    const { library, handler } = await this.#sockets();
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
    let status: V1Status | undefined;
    const { namespace } = this.settings;
    const variables = Object.entries(env).map(([variable, value]) => `${variable}=${value}`);
    const command = ['env', ...variables, ...argv];
    const open = new library.Exec(handler.config, handler).exec(
      ...([namespace, name, POD_CONTAINER, command, stdout, stderr, stdin, false] as const),
      told => (status = told),
    );
    const connection = (await this.#opened(open)) as Connection | undefined;
    if (!connection) return undefined;
    const end = (): void => void [stdout, stderr].forEach(output => output.end());
    connection.addEventListener('close', end);
    connection.addEventListener('error', end);
    const close = (): void => connection.terminate();
    return { stdin, stdout, stderr, exitCode: () => Promise.resolve(exitCodeOf(status)), close };
  }

  /** Writes to the standard input of the pod's first program. */
  async tell(name: string, words: string): Promise<void> {
    const { library, handler } = await this.#sockets();
    const [stdin, nothing] = [new PassThrough(), null as never];
    const { namespace } = this.settings;
    const attached = new library.Attach(handler.config, handler).attach(
      ...([namespace, name, POD_CONTAINER, nothing, nothing, stdin, false] as const),
    );
    const connection = (await this.#opened(attached)) as Connection | undefined;
    if (!connection) return;
    stdin.end(words);
    await new Promise(resolve => setTimeout(resolve, SAID_MS));
    connection.close();
  }

  async #sockets(): Promise<{ library: Client['library']; handler: WebSocketHandler }> {
    const { library, config } = await this.#connected();
    const { WebSocketHandler: Handler } = await import('@kubernetes/client-node/dist/web-socket-handler.js');
    const own = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
    // Without streams of its own it would end this process's output when a cluster closes a channel.
    return { library, handler: new Handler(config, undefined, own) };
  }

  async #opened(opening: Promise<unknown>): Promise<unknown> {
    try {
      return await opening;
    } catch (error) {
      if (/Unexpected server response: (404|400|409)/.test(messageOf(error))) return undefined;
      throw this.#silent(error);
    }
  }

  async #asked<Answer, Instead = never>(
    ask: (client: Client) => Promise<Answer>,
    instead: { readonly absent?: Instead; readonly taken?: Instead } = {},
  ): Promise<Answer | Instead> {
    const client = await this.#connected();
    try {
      return await ask(client);
    } catch (error) {
      const { code } = error as { readonly code?: unknown };
      if (code === 404 && 'absent' in instead) return instead.absent;
      if (code === 409 && 'taken' in instead) return instead.taken;
      throw typeof code === 'number' && code < 500 ? error : this.#silent(error);
    }
  }

  #silent(error: unknown): EngineSilentError {
    return new EngineSilentError(`The Kubernetes API (namespace ${this.settings.namespace})`, messageOf(error));
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
    return { library, config, core: config.makeApiClient(core), networking: config.makeApiClient(networking) };
  }
}

const SAID_MS = 50;

function exitCodeOf(status: V1Status | undefined): number | undefined {
  if (status?.status === 'Success') return 0;
  const code = status?.details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message;
  return code === undefined ? undefined : Number(code);
}

function messageOf(error: unknown): string {
  return (error as { readonly message?: string }).message ?? String(error);
}
