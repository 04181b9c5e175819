import { setTimeout as sleep } from 'node:timers/promises';
import type { Duplex } from 'node:stream';
import { proxyVariables } from '../driver/bubblewrap-launch.js';
import { SandboxReleasedError } from '../driver/sandbox-faults.js';
import { EgressPolicy, type EgressRules } from '../egress/egress-policy.js';
import { EgressProxy } from '../egress/egress-proxy.js';
import type { EgressRequest } from '../egress/egress-request.js';
import type { Relay, RelayTarget } from '../egress/key-relays.js';
import { ImageUnusableError } from './container-faults.js';
import type { ContainerProcess, ContainerProgram } from './container-port.js';
import { NO_RELAY_PROGRAM, relayProgram, RELAY_PROGRAMS } from './pod-relay.js';
import { PodTunnel, RelayEndedError } from './pod-tunnel.js';

/** How often a way that broke off is made again, with twice the pause each time: an API server that restarts is away for some seconds. */
const TRIES = 8;
const FIRST_PAUSE_MS = 250;

export interface RelayedPod {
  readonly runId: string;
  readonly image: string;
  start(program: ContainerProgram): Promise<ContainerProcess>;
}

/**
 * The way out of a pod: a program in there listens on its loopback, and what connects to it is served by this process, outside. No
 * network policy is opened for it, and what it leads to is decided out here (S1). It is there while something needs it.
 */
export class PodEgress {
  readonly #pod: RelayedPod;
  readonly #proxy: EgressProxy;
  readonly #listsHosts: boolean;
  readonly #watchers = new Set<(request: EgressRequest) => void>();
  #way: Promise<number> | undefined;
  #tunnel: PodTunnel | undefined;
  #isClosed = false;

  constructor(pod: RelayedPod, rules: EgressRules) {
    this.#pod = pod;
    this.#listsHosts = rules.hosts.length > 0;
    this.#proxy = new EgressProxy(new EgressPolicy(rules), request => [...this.#watchers].at(-1)?.(request));
  }

  /** What programs look for; empty where nothing may be reached. */
  async variables(): Promise<Record<string, string>> {
    return this.#listsHosts ? proxyVariables(await this.#port()) : {};
  }

  /** Throws what keeps it from being there, such as an image without a program that can listen. */
  async relay(target: RelayTarget): Promise<Relay> {
    const path = this.#proxy.relays.add(target);
    try {
      return { url: `http://127.0.0.1:${await this.#port()}${path}`, close: () => this.#remove(path) };
    } catch (error) {
      await this.#remove(path);
      throw error;
    }
  }

  watch(onEgress: (request: EgressRequest) => void): () => void {
    this.#watchers.add(onEgress);
    return () => void this.#watchers.delete(onEgress);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#letGo();
  }

  get #isNeeded(): boolean {
    return !this.#isClosed && (this.#listsHosts || !this.#proxy.relays.isEmpty);
  }

  async #remove(path: string): Promise<void> {
    this.#proxy.relays.remove(path);
    if (!this.#isNeeded) await this.#letGo();
  }

  /** Nothing of it stays inside. */
  async #letGo(): Promise<void> {
    const way = this.#way;
    this.#way = undefined;
    await way?.catch(() => undefined); // whoever asked for it has heard
    if (this.#way) return; // it is needed again
    this.#tunnel?.close();
    this.#tunnel = undefined;
    this.#proxy.close();
  }

  #port(): Promise<number> {
    if (this.#isClosed) return Promise.reject(new SandboxReleasedError(this.#pod.runId));
    if (this.#way) return this.#way;
    const way = this.#open(0);
    this.#way = way;
    way.catch(() => {
      if (this.#way === way) this.#way = undefined;
    });
    return way;
  }

  async #open(wanted: number): Promise<number> {
    const process = await this.#pod.start(relayProgram(wanted));
    const { tunnel, port } = await this.#listening(process);
    this.#tunnel?.close();
    this.#tunnel = tunnel;
    void tunnel.ended.then(() => this.#reopen(tunnel, port));
    return port;
  }

  async #listening(process: ContainerProcess): ReturnType<typeof PodTunnel.open> {
    try {
      return await PodTunnel.open(process, (connection: Duplex) => this.#proxy.serve(connection));
    } catch (error) {
      if (!(error instanceof RelayEndedError) || error.exitCode !== NO_RELAY_PROGRAM) throw error;
      const names = Object.keys(RELAY_PROGRAMS).join(', ');
      const what = `it has none of ${names}, and one of them has to listen in the pod for what the step needs from outside.`;
      throw new ImageUnusableError(this.#pod.image, what, `Add one of ${names} to the image.`, error);
    }
  }

  /** At the same port: programs inside have been told of it. */
  async #reopen(broken: PodTunnel, port: number): Promise<void> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      if (this.#tunnel !== broken || !this.#isNeeded) return;
      const way = this.#open(port);
      this.#way = way;
      if (
        await way.then(
          () => true,
          () => false,
        )
      )
        return; // whoever asks next hears why it cannot be had
      await sleep(FIRST_PAUSE_MS * 2 ** tries, undefined, { ref: false });
    }
    this.#way = undefined;
    this.#tunnel = undefined;
  }
}
