import { RetryableError } from '@runledger/kernel';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Duplex } from 'node:stream';
import { EngineSilentError } from './container-faults.js';
import type { ContainerProcess } from './container-port.js';
import { FRAME, frameOf, FrameReader, numberIn, RelayGarbledError, type Frame } from './relay-frames.js';
import { RelayedConnection } from './relayed-connection.js';

const LISTENING_WITHIN_MS = 60_000;
/** The relay inside ends when it hears nothing for some of these, and answers each. */
const ALIVE_EVERY_MS = 20_000;
/** So many that were not answered, and the stream to it is made anew. */
const MOST_UNANSWERED = 4;
const MOST_CONNECTIONS = 256;
const MOST_COMPLAINT = 2_000;
/** More frames than all connections may have under way: the relay asks, and does not read what it is answered. */
const MOST_UNREAD = 8_192;

/** The relay inside has ended, or is not reached any more. */
export class RelayEndedError extends RetryableError {
  constructor(
    readonly exitCode: number | undefined,
    complaint: string,
  ) {
    const why = exitCode === undefined ? 'the connection to the pod broke off' : `its program ended with ${exitCode}`;
    super('RELAY_ENDED', `The relay of a pod is gone: ${[why, complaint].filter(Boolean).join(', ')}.`);
  }
}

/**
 * A relay inside of a pod and the stream to it: what connects to its port in there is served by `accept` out here. What it says
 * comes from a place that is not trusted (S1): it can speak for whoever is in that pod, and for nobody else.
 */
export class PodTunnel {
  /** Resolves when nothing comes from inside any more; with a fault that tells why, if it was not closed. */
  readonly ended: Promise<Error | undefined>;
  readonly #process: ContainerProcess;
  readonly #connections = new Map<number, RelayedConnection>();
  readonly #aliveMs: number;
  readonly #accept: (connection: Duplex) => void;
  #listening: (port: number) => void = () => undefined;
  #complaint = '';
  #isClosed = false;
  /** Signs of life that were not answered yet. */
  #unanswered = 0;
  /** Frames that were not taken yet. */
  #unread = 0;

  private constructor(process: ContainerProcess, accept: (connection: Duplex) => void, aliveMs: number) {
    this.#aliveMs = aliveMs;
    this.#process = process;
    this.#accept = accept;
    process.stdin.on('error', () => undefined); // its end is seen by whoever reads
    process.stderr.on('data', (said: Buffer) => {
      this.#complaint = (this.#complaint + said.toString()).slice(-MOST_COMPLAINT);
    });
    this.ended = this.#listen();
  }

  /** Once it listens, with its port there. Throws what it complained of. */
  static async open(
    process: ContainerProcess,
    accept: (connection: Duplex) => void,
    aliveMs = ALIVE_EVERY_MS,
  ): Promise<{ readonly tunnel: PodTunnel; readonly port: number }> {
    const tunnel = new PodTunnel(process, accept, aliveMs);
    const listening = new Promise<number>(resolve => (tunnel.#listening = resolve));
    const late = sleep(LISTENING_WITHIN_MS, undefined, { ref: false });
    const port = await Promise.race([listening, tunnel.ended, late]);
    if (typeof port === 'number') return { tunnel, port };
    tunnel.close();
    throw port ?? new EngineSilentError('The relay of a pod', 'it does not listen');
  }

  /** Ends the relay inside, and every connection. */
  close(): void {
    this.#isClosed = true;
    this.#process.stdin.end();
    this.#process.close();
    this.#cut();
  }

  async #listen(): Promise<Error | undefined> {
    const alive = setInterval(() => this.#ask(), this.#aliveMs);
    alive.unref();
    try {
      const reader = new FrameReader();
      for await (const chunk of this.#process.stdout as AsyncIterable<Buffer>) {
        for (const frame of reader.read(chunk)) this.#hear(frame);
      }
      if (this.#isClosed) return undefined;
      return new RelayEndedError(await this.#process.exitCode(), this.#complaint.trim());
    } catch (error) {
      return error as Error;
    } finally {
      clearInterval(alive);
      this.#process.close();
      this.#cut();
    }
  }

  #hear(frame: Frame): void {
    const { kind, connection: number, data } = frame;
    if (this.#unread > MOST_UNREAD) throw new RelayGarbledError('it reads nothing');
    const connection = this.#connections.get(number);
    switch (kind) {
      case FRAME.alive:
        return void (this.#unanswered = 0);
      case FRAME.listening:
        return this.#listening(numberIn(frame));
      case FRAME.open:
        if (connection) throw new RelayGarbledError(`connection ${number} was opened twice`);
        return this.#open(number);
      case FRAME.data:
        return connection?.heard(data);
      case FRAME.end:
        return connection?.heardEnd();
      case FRAME.reset:
        return void connection?.destroy();
      case FRAME.room:
        return connection?.given(numberIn(frame));
      default:
        throw new RelayGarbledError(`a frame of kind ${kind}`);
    }
  }

  #open(number: number): void {
    if (this.#connections.size >= MOST_CONNECTIONS) return this.#say(frameOf(FRAME.reset, number));
    const connection = new RelayedConnection(number, (frame, done) => this.#say(frame, done));
    this.#connections.set(number, connection);
    connection.on('error', () => connection.destroy());
    connection.once('close', () => this.#connections.delete(number));
    this.#accept(connection);
  }

  #ask(): void {
    if (this.#unanswered >= MOST_UNANSWERED) return this.#process.close();
    this.#unanswered += 1;
    this.#say(frameOf(FRAME.alive, 0));
  }

  #say(frame: Buffer, done?: (error?: Error | null) => void): void {
    this.#unread += 1;
    this.#process.stdin.write(frame, error => {
      this.#unread -= 1;
      done?.(error);
    });
  }

  #cut(): void {
    for (const connection of this.#connections.values()) connection.destroy();
  }
}
