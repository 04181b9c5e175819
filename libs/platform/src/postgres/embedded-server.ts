import { setTimeout as delay } from 'node:timers/promises';
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
/** Whatever killed the server may kill it again while it starts. */
const STARTS = 4;
const PAUSE_MS = 500;

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
      this.#server = await this.#tryToStart(STARTS);
      watcher.restarted(this.#server.pid);
    } catch (error) {
      clearInterval(this.#watching);
      if (!this.#stopped) watcher.lost(error);
    }
  }

  async #tryToStart(times: number): Promise<Postmaster> {
    try {
      return await this.control.startAgain();
    } catch (error) {
      if (times <= 1 || this.#stopped) throw error;
      await delay(PAUSE_MS);
      return this.#tryToStart(times - 1);
    }
  }
}
