import { TransientMap } from '@runledger/kernel';
import type { Position } from '../port.js';
import type { WireEvent } from './wire-events.js';

/** Longest time that an append waits for its echo; a read that asks instead takes about as long. */
const PATIENCE_MS = 25;

interface Awaited {
  /** Of the first event of the append. */
  readonly id: string;
  heard: boolean;
  /** Set while somebody waits: where the append ends, and how to go on. */
  waiting?: { readonly position: Position; readonly goOn: () => void };
}

/**
 * What this process has appended comes back to it when it follows the log. The first event of an append carries the name of the call
 * that wrote it, so who hears it again under its own name knows that it was the one who wrote it, and need not ask.
 *
 * N1 Hearing the name proves it: names are made up for one call each. Not hearing it proves nothing, so then the stream is read.
 * N2 Nobody waits for a feed that is gone, has passed the place already, or was too late for the one before.
 */
export class Echoes {
  readonly #awaited = new TransientMap<string, Awaited>();
  /** Where the feed is; undefined without one. */
  #passed: Position | undefined;
  #isTimely = true;

  /** To be called before the append is sent, and `forget` when it is over. */
  expect(name: string, id: string): void {
    this.#awaited.set(name, { id, heard: false });
  }

  forget(name: string): void {
    this.#awaited.delete(name);
  }

  /** Whether the events of this call, which end at `position`, came back. Waits for them where that is worth while. */
  async came(name: string, position: Position): Promise<boolean> {
    const awaited = this.#awaited.get(name);
    if (!awaited || awaited.heard) return awaited !== undefined;
    if (this.#passed === undefined || this.#passed >= position || !this.#isTimely) return false;
    const inTime = await new Promise<boolean>(resolve => {
      const timer = setTimeout(resolve, PATIENCE_MS, false);
      const goOn = () => {
        clearTimeout(timer);
        resolve(true);
      };
      awaited.waiting = { position, goOn };
    });
    delete awaited.waiting;
    if (!inTime) this.#isTimely = false;
    return awaited.heard;
  }

  /** A feed begins behind this position. */
  begin(at: Position): void {
    this.#passed = at;
  }

  /** The feed is gone. */
  end(): void {
    this.#passed = undefined;
    for (const { waiting } of this.#awaited.values()) waiting?.goOn();
  }

  /** The next event of the feed. */
  pass({ event, writtenBy }: WireEvent): void {
    this.#passed = event.position;
    const own = writtenBy === undefined ? undefined : this.#awaited.get(writtenBy);
    if (own?.id === event.id) {
      own.heard = this.#isTimely = true; // before its call could be told otherwise
      own.waiting?.goOn();
    }
    for (const { waiting } of this.#awaited.values()) if (waiting && waiting.position <= event.position) waiting.goOn();
  }
}
