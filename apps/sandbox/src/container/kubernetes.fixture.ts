import type { V1ContainerState, V1NetworkPolicy, V1Pod, V1PodStatus } from '@kubernetes/client-node';
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { WebSocketServer, type WebSocket } from 'ws';
import {
  BARE_IMAGE,
  IMAGE,
  inside,
  joinProgram,
  podArguments,
  STDIN,
  tellEnd,
  type ImageFiles,
} from './kubernetes-pods.fixture.js';

export const NAMESPACE = 'sandboxes';
const TOKEN = 'token-of-the-service-account';

interface RunningPod {
  readonly pod: V1Pod;
  readonly directory: string;
  /** Undefined: its image is not to be had. */
  readonly keeper: ChildProcess | undefined;
  /** Host pid of its first program. */
  readonly init: Promise<number>;
  /** What became of it, where it is more than what its programs tell. */
  ended?: V1PodStatus;
}

/** How the API answers what it does not do. */
export interface Refusal {
  readonly code: number;
  /** Said in an object of kind `Status`; left out: by somebody in between, in a page. */
  readonly message?: string;
}

export interface FakeClusterOptions {
  /** Protocols that this API server speaks, best first. */
  readonly protocols?: readonly string[];
  /** What its image has beside the programs of this machine. */
  readonly files?: ImageFiles;
}

/**
 * A Kubernetes API as far as the driver uses it, on its real wire: REST with a bearer token, label selectors, admission by the
 * restricted standard, and `exec` and `attach` over WebSockets with the channel protocols v5 and v4. Behind it is no cluster: a
 * pod is a namespace of this machine, without the limits and the network policy that a cluster would hold it to.
 */
export class FakeCluster {
  readonly policies: V1NetworkPolicy[] = [];
  readonly #base = mkdtempSync(join(tmpdir(), 'rl-cluster-'));
  readonly #pods = new Map<string, RunningPod>();
  readonly #server: Server;
  readonly #sockets: WebSocketServer;

  /** Paths and queries of every request: what a cluster writes down in its audit log. */
  readonly asked: string[] = [];
  readonly #options: FakeClusterOptions;
  readonly #refusals: (readonly [RegExp, Refusal])[] = [];
  /** How images are found, by name; of others that there are not any. */
  readonly #waiting = new Map<string, V1ContainerState['waiting']>();
  #execFails: string | undefined;

  constructor(options: FakeClusterOptions = {}) {
    this.#options = options;
    const protocols = options.protocols ?? ['v5.channel.k8s.io', 'v4.channel.k8s.io'];
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#sockets = new WebSocketServer({
      noServer: true,
      handleProtocols: offered => protocols.find(protocol => offered.has(protocol)) ?? false,
    });
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  /** From now on, to requests of which method and path match; `undefined`: no more. */
  refuse(matching: RegExp, refusal: Refusal | undefined): void {
    if (refusal) this.#refusals.unshift([matching, refusal]);
    else this.#refusals.splice(0);
  }

  /** Why an image is not there yet; undefined: it is. */
  pulls(image: string, waiting: V1ContainerState['waiting'] | undefined): void {
    if (waiting) this.#waiting.set(image, waiting);
    else this.#waiting.delete(image);
  }

  /** What engines say when a program cannot be started: after the connection was made. */
  execFails(message: string | undefined): void {
    this.#execFails = message;
  }

  /** As an API server that is started again, and its load balancer: every connection breaks. */
  dropConnections(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
  }

  /** As a machine in between that died: nothing is heard, and nothing is said about it. */
  fallSilent(): void {
    for (const socket of this.#sockets.clients) (socket as unknown as { readonly _socket: Socket })._socket.pause();
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.asked.push(request.url ?? '');
    const refused =
      this.#refusalOf(request) ?? (isAllowed(request) ? undefined : { code: 401, message: 'Unauthorized' });
    const refusal = refused ?? (this.#running(request) ? undefined : { code: 404, message: 'pods not found' });
    if (!refusal) return this.#sockets.handleUpgrade(request, socket, head, it => void this.#serve(request, it));
    const { code, message } = refusal;
    const body = message === undefined ? '<html>No.</html>' : JSON.stringify(status(code, message));
    const lines = [
      `HTTP/1.1 ${code} ${STATUS_CODES[code] ?? ''}`,
      'Connection: close',
      `Content-Length: ${body.length}`,
    ];
    socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
  }

  #refusalOf({ method = 'GET', url = '' }: IncomingMessage): Refusal | undefined {
    return this.#refusals.find(([matching]) => matching.test(`${method} ${url}`))?.[1];
  }

  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const { port } = this.#server.address() as AddressInfo;
    const kubeconfig = join(this.#base, 'kubeconfig');
    const named = (value: object) => [{ name: 'fake', ...value }];
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'fake',
      clusters: named({ cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }),
      users: named({ user: { token: TOKEN } }),
      contexts: named({ context: { cluster: 'fake', user: 'fake', namespace: NAMESPACE } }),
    };
    writeFileSync(kubeconfig, JSON.stringify(config), { mode: 0o600 });
    return kubeconfig;
  }

  get pods(): V1Pod[] {
    return [...this.#pods.values()].map(({ pod }) => pod);
  }

  /** Where what a run's pod keeps in a volume is on this machine. */
  volume(runId: string, name: string): string | undefined {
    const found = [...this.#pods.values()].find(
      ({ pod }) => pod.metadata?.annotations?.['runledger.dev/run'] === runId,
    );
    return found && join(found.directory, name);
  }

  /** As when a node fails, or the pod took too much: its programs end, and it stays in the cluster as one that failed. */
  async evict(name: string, reason = 'Evicted'): Promise<void> {
    const found = this.#pods.get(name);
    if (!found) return;
    found.ended = { phase: 'Failed', reason };
    await kill(found);
  }

  /** As somebody who cleans up. */
  async delete(name: string): Promise<void> {
    await this.#end(name);
  }

  async stop(): Promise<void> {
    for (const name of this.#pods.keys()) await this.#end(name);
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#server.closeAllConnections();
    await new Promise(resolve => this.#server.close(resolve));
    rmSync(this.#base, { recursive: true, force: true });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const say = (code: number, answer: unknown): void => {
      response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    };
    if (!isAllowed(request)) return say(401, status(401, 'Unauthorized'));
    this.asked.push(request.url ?? '');
    const refusal = this.#refusalOf(request);
    if (refusal) return say(refusal.code, status(refusal.code, refusal.message ?? 'No.'));
    const url = new URL(request.url ?? '', 'http://fake');
    const [, kind, name] = /\/namespaces\/sandboxes\/(pods|networkpolicies)(?:\/([^/]+))?$/.exec(url.pathname) ?? [];
    if (kind === 'networkpolicies' && request.method === 'POST') {
      if (this.policies.length > 0) return say(409, status(409, 'AlreadyExists'));
      this.policies.push(JSON.parse(body) as V1NetworkPolicy);
      return say(201, this.policies[0]);
    }
    const policy = this.policies.find(({ metadata }) => metadata?.name === name);
    if (kind === 'networkpolicies' && request.method === 'GET' && policy) return say(200, policy);
    if (kind !== 'pods') return say(404, status(404, 'NotFound'));
    if (request.method === 'POST') return say(...this.#create(JSON.parse(body) as V1Pod));
    if (name === undefined) return say(200, { kind: 'PodList', items: await Promise.all(this.#selected(url)) });
    const found = this.#pods.get(name);
    if (!found) return say(404, status(404, 'NotFound'));
    if (request.method === 'DELETE') await this.#end(name);
    return say(200, await this.#stated(found));
  }

  #selected(url: URL): Promise<V1Pod>[] {
    const [label = '', value] = (url.searchParams.get('labelSelector') ?? '').split('=');
    return [...this.#pods.values()]
      .filter(({ pod }) => pod.metadata?.labels?.[label] === value)
      .map(pod => this.#stated(pod));
  }

  /** A pod whose image has come meanwhile starts. */
  #stated(running: RunningPod): Promise<V1Pod> {
    const { name = '' } = running.pod.metadata ?? {};
    if (running.keeper || running.ended || this.#imageMissing(running.pod)) return Promise.resolve(this.#told(running));
    this.#start(running.pod, running.directory);
    return Promise.resolve(this.#told(this.#pods.get(name) ?? running));
  }

  #told({ pod, keeper, ended }: RunningPod): V1Pod {
    const waiting = this.#imageMissing(pod);
    const state = ended ? { terminated: { exitCode: 137, reason: 'Error' } } : keeper ? { running: {} } : { waiting };
    const statuses = [{ name: 'sandbox', ready: keeper !== undefined, state }] as never;
    const phase = keeper ? 'Running' : 'Pending';
    return { ...pod, status: { phase, containerStatuses: statuses, ...ended } };
  }

  #imageMissing({ spec }: V1Pod): V1ContainerState['waiting'] {
    const image = spec?.containers[0]?.image ?? '';
    const missing = { reason: 'ErrImagePull', message: 'pull access denied' };
    return this.#waiting.get(image) ?? ([IMAGE, BARE_IMAGE].includes(image) ? undefined : missing);
  }

  #create(pod: V1Pod): [number, unknown] {
    const name = pod.metadata?.name ?? '';
    if (this.#pods.has(name)) return [409, status(409, 'AlreadyExists')];
    const refused = violation(pod);
    if (refused !== undefined) return [403, status(403, refused)];
    const directory = join(this.#base, randomUUID());
    mkdirSync(directory);
    pod.metadata = { ...pod.metadata, uid: randomUUID() };
    this.#pods.set(name, { pod, directory, keeper: undefined, init: never() });
    if (!this.#imageMissing(pod)) this.#start(pod, directory);
    return [201, pod];
  }

  #start(pod: V1Pod, directory: string): void {
    const keeper = spawn('bwrap', podArguments(pod, directory, this.#options.files ?? {}), {
      env: {},
      stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
    });
    // bubblewrap writes the object piece by piece and then closes: only the whole of it is JSON.
    const init = text(keeper.stdio[3] as NodeJS.ReadableStream).then(info => {
      return (JSON.parse(info) as { 'child-pid': number })['child-pid'];
    });
    this.#pods.set(pod.metadata?.name ?? '', { pod, directory, keeper, init });
  }

  async #end(name: string): Promise<void> {
    const found = this.#pods.get(name);
    this.#pods.delete(name);
    if (found) await kill(found);
    if (found) rmSync(found.directory, { recursive: true, force: true });
  }

  #running({ url = '' }: IncomingMessage): RunningPod | undefined {
    const [, name = ''] = /\/pods\/([^/]+)\/(?:exec|attach)\?/.exec(url) ?? [];
    const found = this.#pods.get(name);
    return found?.ended ? undefined : found;
  }

  async #serve(request: IncomingMessage, socket: WebSocket): Promise<void> {
    const found = this.#running(request);
    const url = new URL(request.url ?? '', 'http://fake');
    if (!found?.keeper) return socket.close();
    if (url.pathname.endsWith('/attach')) {
      const { keeper } = found;
      socket.on('message', (data: Buffer) => void (data[0] === STDIN && keeper.stdin?.write(data.subarray(1))));
      return;
    }
    if (this.#execFails !== undefined) return tellEnd(socket, status(500, this.#execFails));
    const early: Buffer[] = [];
    const hold = (data: Buffer): void => void early.push(data);
    socket.on('message', hold);
    const child = inside(await found.init, url.searchParams.getAll('command'));
    socket.off('message', hold);
    joinProgram(socket, child, early);
  }
}

/** What the restricted Pod Security Standard says of it. */
function violation({ spec }: V1Pod): string | undefined {
  const [container] = spec?.containers ?? [];
  const own = container?.securityContext;
  const rules: readonly (readonly [boolean, string])[] = [
    [spec?.securityContext?.runAsNonRoot === true, 'runAsNonRoot != true'],
    [spec?.securityContext?.seccompProfile?.type === 'RuntimeDefault', 'seccompProfile'],
    [own?.allowPrivilegeEscalation === false, 'allowPrivilegeEscalation != false'],
    [own?.capabilities?.drop?.includes('ALL') === true, 'unrestricted capabilities'],
    [own?.privileged !== true && spec?.hostNetwork !== true && spec?.hostPID !== true, 'host namespaces'],
    [(spec?.volumes ?? []).every(volume => volume.emptyDir !== undefined), 'restricted volume types'],
    [container?.resources?.limits?.['memory'] !== undefined, 'no memory limit'],
    [(spec?.activeDeadlineSeconds ?? 0) > 0, 'no deadline'],
  ];
  return rules.find(([holds]) => !holds)?.[1];
}

function never(): Promise<number> {
  const init = Promise.reject<number>(new Error('its image is not there'));
  init.catch(() => undefined);
  return init;
}

async function kill({ keeper, init }: RunningPod): Promise<void> {
  if (!keeper || keeper.exitCode !== null || keeper.signalCode !== null) return;
  const gone = once(keeper, 'exit');
  process.kill(await init, 'SIGKILL');
  await gone;
}

function status(code: number, message: string) {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, message, reason: message };
}

function isAllowed({ headers }: IncomingMessage): boolean {
  return headers.authorization === `Bearer ${TOKEN}`;
}
