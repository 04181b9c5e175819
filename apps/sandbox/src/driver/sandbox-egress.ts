import { EgressPolicy, type EgressRules } from '../egress/egress-policy.js';
import { EgressProxy } from '../egress/egress-proxy.js';
import type { EgressRequest } from '../egress/egress-request.js';
import type { ExecRequest } from './sandbox-driver.js';
import type { Relay, RelayTarget } from '../egress/key-relays.js';
import { PROXY_PORT, SandboxNetwork, type NetworkTools } from './sandbox-network.js';

/**
 * What the calls of one sandbox have of a network. Without listed hosts each call has a loopback of its own, unless one asks to
 * share it; with them all share one, where the proxy listens.
 */
export class SandboxEgress {
  readonly #proxy: EgressProxy;
  readonly #network: SandboxNetwork;
  readonly #watchers = new Set<(request: EgressRequest) => void>();
  readonly #open: boolean;
  /** Somebody listens in the network that the calls share. */
  #serves = false;

  constructor(tools: NetworkTools, rules: EgressRules) {
    this.#open = rules.hosts.length > 0;
    this.#proxy = new EgressProxy(new EgressPolicy(rules), request => this.#tell(request));
    this.#network = new SandboxNetwork(tools, server => {
      this.#serves = this.#open || !this.#proxy.relays.isEmpty;
      if (!this.#serves) return void server.close();
      server.on('connection', socket => {
        if (this.#open || !this.#proxy.relays.isEmpty) this.#proxy.serve(socket);
        else socket.destroy();
      });
    });
  }

  /** Undefined: the call gets a network namespace of its own. */
  async launcher({ loopback }: Pick<ExecRequest, 'loopback'>): Promise<readonly string[] | undefined> {
    if (!this.#open && loopback !== 'shared' && !this.#network.isMade) return undefined;
    return this.#network.launcher();
  }

  watch(onEgress: (request: EgressRequest) => void): () => void {
    this.#watchers.add(onEgress);
    return () => void this.#watchers.delete(onEgress);
  }

  /** From this call on, the calls of the sandbox share a loopback, where the relay is found beside the proxy. */
  async relay(target: RelayTarget): Promise<Relay> {
    const path = this.#proxy.relays.add(target);
    if (!this.#serves) await this.#network.close(); // calls from now on get one in which somebody listens
    await this.#network.launcher();
    const close = () => Promise.resolve(this.#proxy.relays.remove(path));
    return { url: `http://127.0.0.1:${PROXY_PORT}${path}`, close };
  }

  async close(): Promise<void> {
    this.#proxy.close();
    await this.#network.close();
  }

  /** The call that began last is told: it is most likely its own. */
  #tell(request: EgressRequest): void {
    [...this.#watchers].at(-1)?.(request);
  }
}
