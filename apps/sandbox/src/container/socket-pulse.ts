import type { WebSocket } from 'ws';

/** On its way to the API server a connection that says nothing is dropped by many a load balancer after a minute. */
const USUAL: Rhythm = { beatMs: 15_000, deafBeats: 4 };

export interface Rhythm {
  /** Between two signs of life. */
  readonly beatMs: number;
  /** After how many of them without any answer the connection is given up. Counted, because this process may have stood still. */
  readonly deafBeats: number;
}

/**
 * Keeps a WebSocket from looking idle, and ends one whose other end has gone without a word, as when a machine in between died.
 * What is not read here is not held to be silent, nor is an API server that was sent something since it last spoke: it answers
 * no ping while the program does not read.
 */
export class SocketPulse {
  #unanswered = 0;
  #isOwedAnAnswer = true;

  constructor(
    private readonly socket: WebSocket,
    private readonly rhythm = USUAL,
  ) {
    const hear = (): void => this.#hear();
    socket.on('message', hear).on('ping', hear).on('pong', hear);
    const beat = setInterval(() => this.#beat(), rhythm.beatMs);
    beat.unref();
    socket.once('close', () => clearInterval(beat));
  }

  /** Something else than a sign of life was sent. */
  said(): void {
    this.#isOwedAnAnswer = false;
  }

  #beat(): void {
    const { socket, rhythm } = this;
    if (socket.isPaused) this.#hear();
    if (this.#isOwedAnAnswer && this.#unanswered >= rhythm.deafBeats) return socket.terminate();
    this.#unanswered += 1;
    if (socket.readyState === socket.OPEN) socket.ping();
  }

  #hear(): void {
    this.#unanswered = 0;
    this.#isOwedAnAnswer = true;
  }
}
