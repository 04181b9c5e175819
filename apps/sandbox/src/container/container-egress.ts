import type { AddressInfo, Server } from 'node:net';
import { EgressPolicy, type EgressRules } from '../egress/egress-policy.js';
import { EgressProxy } from '../egress/egress-proxy.js';
import type { EgressRequest } from '../egress/egress-request.js';
import type { Relay, RelayTarget } from '../egress/key-relays.js';
import { findProgram } from '../driver/find-program.js';
import { proxyVariables } from '../driver/bubblewrap-launch.js';
import { SandboxUnavailableError } from '../driver/sandbox-faults.js';
import { listeningInside } from '../driver/sandbox-network.js';

/**
 * The way out of a container that has no network: a socket that listens on its loopback and is held by this process, outside.
 * Nothing is needed inside, no relay, no mount and no right (S1). Each process that uses the container has a port of its own.
 */
export class ContainerEgress {
  readonly #proxy: EgressProxy;
  readonly #isOpen: boolean;
  readonly #watchers = new Set<(request: EgressRequest) => void>();
  #door: { readonly pid: number; readonly server: Promise<Server> } | undefined;

  constructor(rules: EgressRules) {
    this.#isOpen = rules.hosts.length > 0;
    this.#proxy = new EgressProxy(new EgressPolicy(rules), request => [...this.#watchers].at(-1)?.(request));
  }

  /** What programs look for; empty where nothing may be reached. `pid` is that of any process of the container. */
  async variables(pid: () => Promise<number>): Promise<Record<string, string>> {
    if (!this.#isOpen) return {};
    const server = await this.#doorOf(await pid());
    return proxyVariables((server.address() as AddressInfo).port);
  }

  /** Beside the proxy; where nothing is listed, that one refuses everything. */
  async relay(target: RelayTarget, pid: () => Promise<number>): Promise<Relay> {
    const server = await this.#doorOf(await pid());
    const path = this.#proxy.relays.add(target);
    const close = () => Promise.resolve(this.#proxy.relays.remove(path));
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, close };
  }

  watch(onEgress: (request: EgressRequest) => void): () => void {
    this.#watchers.add(onEgress);
    return () => void this.#watchers.delete(onEgress);
  }

  async close(): Promise<void> {
    this.#proxy.close();
    const server = await this.#door?.server.catch(() => undefined);
    this.#door = undefined;
    server?.close();
  }

  /** Another process means another container, and a network of its own. */
  #doorOf(pid: number): Promise<Server> {
    if (this.#door?.pid === pid) return this.#door.server;
    void this.#door?.server.then(server => server.close()).catch(() => undefined);
    const server = this.#open(pid);
    this.#door = { pid, server };
    server.catch(() => (this.#door = undefined));
    return server;
  }

  async #open(pid: number): Promise<Server> {
    if (process.getuid?.() !== 0) {
      throw new SandboxUnavailableError(
        'only root may listen inside a container that has no network',
        'run the sandbox service as root, or set network: none in the profile',
      );
    }
    const nsenter = findProgram('nsenter', 'apt-get install -y util-linux');
    return listeningInside([nsenter, `--net=/proc/${pid}/ns/net`, '--'], 0, (_pid, server) => {
      server.on('connection', socket => this.#proxy.serve(socket));
      return server;
    });
  }
}
