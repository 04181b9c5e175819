import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { SocketLimits } from './socket-limits.js';
import { textFrame } from './text-frame.js';

/** What became of a message: it may be on its way, or nobody is there to read it (any more). */
export type Sent = 'sent' | 'lagging' | 'closed';

/** Messages that nobody asked us to hold back, answers to pings above all, may add so much before we hang up. */
const MOST_WAITING = 8;

/**
 * Messages on their way to one reader. What waits in memory is bounded: above the limit whoever sends waits as well, so that nothing
 * more is read for a reader that does not keep up; and when it does not catch up in time, it lags.
 */
export class Outbox {
  readonly #lagging = new Set<() => Promise<void>>();
  #waiters: ((sent: Sent) => void)[] = [];
  #patience: NodeJS.Timeout | undefined;
  #hasLagged = false;

  constructor(
    private readonly socket: WebSocket,
    /** What it writes to, message by message and nothing compressed: so ours may stand between its own. */
    private readonly wire: Duplex,
    private readonly limits: Pick<SocketLimits, 'waitingBytes' | 'patienceMs'>,
    /** Told once, after those who follow have said their last word. */
    private readonly onLagged: () => void,
  ) {
    socket.once('close', () => this.#resolve('closed'));
  }

  /** Resolves as soon as one more message may follow. */
  send(text: string): Promise<Sent> | Sent {
    return this.sendParts([Buffer.from(text)]);
  }

  /** The same with a message in parts, as bytes: one write, where the library makes two of header and text. */
  sendParts(parts: readonly Buffer[]): Promise<Sent> | Sent {
    if (this.socket.readyState !== this.socket.OPEN) return 'closed';
    this.wire.write(textFrame(parts), this.#flushed);
    return this.#onItsWay();
  }

  #onItsWay(): Promise<Sent> | Sent {
    if (this.socket.bufferedAmount <= this.limits.waitingBytes) return 'sent';
    if (this.#hasLagged) return 'lagging';
    this.#patience ??= setTimeout(() => void this.#lag(), this.limits.patienceMs);
    return new Promise(resolve => this.#waiters.push(resolve));
  }

  /** `lastWord` is said when the reader lags. Returns what takes it back. */
  whenLagging(lastWord: () => Promise<void>): () => void {
    this.#lagging.add(lastWord);
    return () => this.#lagging.delete(lastWord);
  }

  /** Whether so much waits that the other end cannot mean well. */
  get isFlooded(): boolean {
    return this.socket.bufferedAmount > MOST_WAITING * this.limits.waitingBytes;
  }

  readonly #flushed = (): void => {
    if (this.#waiters.length > 0 && this.socket.bufferedAmount <= this.limits.waitingBytes) this.#resolve('sent');
  };

  async #lag(): Promise<void> {
    this.#hasLagged = true;
    this.#resolve('lagging');
    await Promise.all([...this.#lagging].map(lastWord => lastWord()));
    this.onLagged();
  }

  #resolve(sent: Sent): void {
    clearTimeout(this.#patience);
    this.#patience = undefined;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve(sent);
  }
}
