import type { V1NetworkPolicy, V1Pod } from '@kubernetes/client-node';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { WebSocketServer, type WebSocket } from 'ws';
import { hostToolsArguments } from '../driver/host-tools.js';

export const NAMESPACE = 'sandboxes';
const TOKEN = 'token-of-the-service-account';
const AGENT_UID = 10_001;
const [STDIN, STDOUT, STDERR, STATUS, CLOSE] = [0, 1, 2, 3, 255];

interface RunningPod {
  readonly pod: V1Pod;
  readonly directory: string;
  /** Undefined: its image is not to be had. */
  readonly keeper: ChildProcess | undefined;
  /** Host pid of its first program. */
  readonly init: Promise<number>;
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

  /** Protocols that this API server speaks, best first. */
  constructor(private readonly protocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io']) {
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#sockets = new WebSocketServer({
      noServer: true,
      handleProtocols: offered => this.protocols.find(protocol => offered.has(protocol)) ?? false,
    });
    this.#server.on('upgrade', (request, socket, head) => {
      if (!isAllowed(request) || !this.#running(request)) {
        return void socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      }
      this.#sockets.handleUpgrade(request, socket, head, socket => void this.#serve(request, socket));
    });
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

  /** As when a node fails, or the pod took too much. */
  async evict(name: string): Promise<void> {
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
    const url = new URL(request.url ?? '', 'http://fake');
    const [, kind, name] = /\/namespaces\/sandboxes\/(pods|networkpolicies)(?:\/([^/]+))?$/.exec(url.pathname) ?? [];
    if (kind === 'networkpolicies' && request.method === 'POST') {
      if (this.policies.length > 0) return say(409, status(409, 'AlreadyExists'));
      this.policies.push(JSON.parse(body) as V1NetworkPolicy);
      return say(201, this.policies[0]);
    }
    if (kind !== 'pods') return say(404, status(404, 'NotFound'));
    if (request.method === 'POST') return say(...this.#create(JSON.parse(body) as V1Pod));
    if (name === undefined) return say(200, { kind: 'PodList', items: this.#selected(url) });
    const found = this.#pods.get(name);
    if (!found) return say(404, status(404, 'NotFound'));
    if (request.method === 'DELETE') await this.#end(name);
    return say(200, stated(found));
  }

  #selected(url: URL): V1Pod[] {
    const [label = '', value] = (url.searchParams.get('labelSelector') ?? '').split('=');
    return [...this.#pods.values()].filter(({ pod }) => pod.metadata?.labels?.[label] === value).map(stated);
  }

  #create(pod: V1Pod): [number, unknown] {
    const name = pod.metadata?.name ?? '';
    if (this.#pods.has(name)) return [409, status(409, 'AlreadyExists')];
    const refused = violation(pod);
    if (refused !== undefined) return [403, status(403, refused)];
    const directory = join(this.#base, name);
    mkdirSync(directory);
    if (pod.spec?.containers[0]?.image !== 'tools:1') {
      this.#pods.set(name, { pod, directory, keeper: undefined, init: Promise.reject(new Error('no image')) });
      this.#pods.get(name)?.init.catch(() => undefined);
      return [201, pod];
    }
    const keeper = spawn('bwrap', podArguments(pod, directory), {
      env: {},
      stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
    });
    // bubblewrap writes the object piece by piece and then closes: only the whole of it is JSON.
    const init = text(keeper.stdio[3] as NodeJS.ReadableStream).then(info => {
      return (JSON.parse(info) as { 'child-pid': number })['child-pid'];
    });
    this.#pods.set(name, { pod, directory, keeper, init });
    return [201, pod];
  }

  async #end(name: string): Promise<void> {
    const found = this.#pods.get(name);
    this.#pods.delete(name);
    if (found?.keeper && found.keeper.exitCode === null && found.keeper.signalCode === null) {
      const gone = once(found.keeper, 'exit');
      process.kill(await found.init, 'SIGKILL');
      await gone;
    }
    if (found) rmSync(found.directory, { recursive: true, force: true });
  }

  #running({ url = '' }: IncomingMessage): RunningPod | undefined {
    const [, name = ''] = /\/pods\/([^/]+)\/(?:exec|attach)\?/.exec(url) ?? [];
    return this.#pods.get(name);
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
    const early: Buffer[] = [];
    const hold = (data: Buffer): void => void early.push(data);
    socket.on('message', hold);
    const child = inside(await found.init, url.searchParams.getAll('command'));
    socket.off('message', hold);
    relay(socket, child, early);
  }
}

/** One frame is a channel's number and what was said on it; in v5 the frame 255 closes a channel. */
function relay(socket: WebSocket, child: ChildProcess, early: readonly Buffer[]): void {
  const hear = (data: Buffer): void => {
    if (data[0] === STDIN) child.stdin?.write(data.subarray(1));
    if (data[0] === CLOSE && data[1] === STDIN) child.stdin?.end();
  };
  early.forEach(hear);
  socket.on('message', hear);
  socket.on('close', () => child.stdin?.end());
  child.stdin?.on('error', () => undefined); // it reads no more
  const frame = (channel: number, data: Buffer) => socket.send(Buffer.concat([Buffer.of(channel), data]));
  child.stdout?.on('data', (data: Buffer) => frame(STDOUT, data));
  child.stderr?.on('data', (data: Buffer) => frame(STDERR, data));
  child.on('close', (code, signal) => {
    const exit = code ?? (signal === 'SIGKILL' ? 137 : 143);
    const causes = [{ reason: 'ExitCode', message: String(exit) }];
    const failure = {
      ...status(500, `command terminated with exit code ${exit}`),
      reason: 'NonZeroExitCode',
      details: { causes },
    };
    frame(STATUS, Buffer.from(JSON.stringify(exit === 0 ? { metadata: {}, status: 'Success' } : failure)));
    socket.close();
  });
}

function inside(init: number, command: readonly string[]): ChildProcess {
  const enter = ['--target', String(init), '--mount', '--pid', '--net', '--ipc', '--wdns=/', '--'];
  // Node's pipes are sockets, and bash takes the first shell on a socket for a remote one, which reads /etc/bash.bashrc.
  const plain = ['env', '-i', 'PATH=/usr/bin:/bin', 'HOME=/home/agent', 'SHLVL=1'];
  return spawn('nsenter', [...enter, ...asAgent(), ...plain, ...command], { env: {}, cwd: '/' });
}

function asAgent(): string[] {
  const user = ['--reuid', String(AGENT_UID), '--regid', String(AGENT_UID), '--clear-groups'];
  return ['/usr/bin/setpriv', ...user, '--bounding-set=-all', '--inh-caps=-all', '--no-new-privs', '--'];
}

function podArguments(pod: V1Pod, directory: string): string[] {
  const container = pod.spec?.containers[0];
  const volumes = container?.volumeMounts?.flatMap(({ name, mountPath }) => {
    const source = join(directory, name);
    mkdirSync(source);
    chownSync(source, AGENT_UID, AGENT_UID);
    return ['--bind', source, mountPath];
  });
  return [
    ...['--unshare-pid', '--unshare-net', '--unshare-ipc', '--unshare-uts', '--die-with-parent', '--info-fd', '3'],
    ...hostToolsArguments(),
    ...['--proc', '/proc', '--dev', '/dev', '--perms', '0755', '--dir', '/run', '--perms', '0755', '--dir', '/home'],
    ...[...(volumes ?? []), '--remount-ro', '/', '--chdir', '/workspace'],
    ...['--', ...asAgent(), ...(container?.command ?? [])],
  ];
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

function stated({ pod, keeper }: RunningPod): V1Pod {
  const waiting = { reason: 'ErrImagePull', message: 'pull access denied' };
  const state = keeper ? { running: {} } : { waiting };
  const statuses = [{ name: 'sandbox', ready: keeper !== undefined, state }] as never;
  return { ...pod, status: { phase: keeper ? 'Running' : 'Pending', containerStatuses: statuses } };
}

function status(code: number, message: string) {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, message, reason: message };
}

function isAllowed({ headers }: IncomingMessage): boolean {
  return headers.authorization === `Bearer ${TOKEN}`;
}
