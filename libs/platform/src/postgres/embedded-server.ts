import { identityOf, isAlive } from '../processes/process-identity.js';
import type { Postmaster } from './postmaster.js';

/** Told about an embedded server that ended unasked. */
export interface ServerWatcher {
  /** It runs again, at the address that it had. */
  restarted(pid: number): void;
  /** It could not be started again, and this is not tried any more. */
  lost(error: unknown): void;
}

export interface ServerControl {
  /** Starts it where it was, or finds that somebody did. */
  startAgain(): Promise<Postmaster>;
  halt(pid: number): Promise<void>;
}

const LOOK_EVERY_MS = 100;

/** The server as long as this process needs it: whoever kills it, or the kernel for want of memory, only interrupts it. */
export class EmbeddedServer {
  #server: Postmaster;
  #watching: NodeJS.Timeout | undefined;
  #restarting: Promise<void> | undefined;
  #stopped = false;

  constructor(
    server: Postmaster,
    private readonly control: ServerControl,
  ) {
    this.#server = server;
  }

  keepRunning(watcher: ServerWatcher): void {
    if (this.#stopped || this.#watching) return;
    let known = identityOf(this.#server.pid);
    const look = () => {
      if (this.#restarting || (known && isAlive(known))) return;
      this.#restarting = this.#startAgain(watcher).finally(() => {
        known = identityOf(this.#server.pid);
        this.#restarting = undefined;
      });
    };
    // A look instead of waiting for a child's end: an adopted server is nobody's child.
    this.#watching = setInterval(look, LOOK_EVERY_MS);
    this.#watching.unref();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#watching);
    await this.#restarting;
    await this.control.halt(this.#server.pid);
  }

  async #startAgain(watcher: ServerWatcher): Promise<void> {
    try {
      this.#server = await this.control.startAgain();
      watcher.restarted(this.#server.pid);
    } catch (error) {
      clearInterval(this.#watching);
      watcher.lost(error);
    }
  }
}
