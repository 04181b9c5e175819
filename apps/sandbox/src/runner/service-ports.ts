import { later } from './later.js';
import { ChannelClosedError } from './line-channel.js';
import type { LineChannel } from './line-channel.js';
import type { PortCall } from './runner-protocol.js';

/** The attempt stops while its runner waits for the service. */
export class PortGivenUpError extends Error {
  constructor({ port, method }: PortCall) {
    super(`The attempt stopped before ${port}.${method} was answered.`);
    this.name = 'PortGivenUpError';
  }
}

/**
 * What a runner asks of the service. With nobody attached it waits, and a question that was not answered is asked again of whoever
 * attaches next: every method may be called twice with the same arguments (R1).
 */
export class ServicePorts {
  #channel: LineChannel | undefined;
  #attached = later();

  constructor(private readonly signal: AbortSignal) {
    signal.addEventListener('abort', () => this.#attached.resolve(), { once: true });
  }

  use(channel: LineChannel): void {
    this.#channel = channel;
    this.#attached.resolve();
    this.#attached = later();
  }

  /** Throws {@link PortGivenUpError}, and whatever fault the service answers with. */
  async call(call: PortCall): Promise<unknown> {
    for (;;) {
      if (this.signal.aborted) throw new PortGivenUpError(call);
      const attached = this.#attached.promise;
      try {
        if (this.#channel?.isOpen) return await this.#asked(this.#channel, call);
      } catch (error) {
        if (!(error instanceof ChannelClosedError)) throw error;
      }
      if (!this.#channel?.isOpen) await attached;
    }
  }

  /** A port whose methods are these; their arguments and results are JSON. */
  port<Port extends object>(port: string, methods: readonly (keyof Port & string)[]): Port {
    const members = methods.map(method => [method, (...args: unknown[]) => this.call({ port, method, args })]);
    return Object.fromEntries(members) as Port;
  }

  /** Something to be counted; lost with nobody attached. */
  tell(op: string, data: unknown): void {
    this.#channel?.tell(op, data);
  }

  async #asked(channel: LineChannel, call: PortCall): Promise<unknown> {
    const stopped = later<never>();
    const onAbort = (): void => stopped.reject(new PortGivenUpError(call));
    this.signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([channel.ask('port', call), stopped.promise]);
    } finally {
      this.signal.removeEventListener('abort', onAbort);
    }
  }
}
