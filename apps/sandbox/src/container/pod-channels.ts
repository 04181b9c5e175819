import type { V1Status } from '@kubernetes/client-node';
import { Readable, Writable } from 'node:stream';
import type { WebSocket } from 'ws';
import { SocketPulse, type Rhythm } from './socket-pulse.js';

const [STDIN, STDOUT, STDERR, STATUS, CLOSE] = [0, 1, 2, 3, 255] as const;
/** The only protocol in which one channel can be closed, and the others go on. */
const CLOSES_CHANNELS = 'v5.channel.k8s.io';
const FRAME_BYTES = 65_536;

/**
 * The channels of one `exec` or `attach`: a frame of its WebSocket is a channel's number and what is said on it. Whoever does not
 * read what a program prints holds the program back, and so does a program that does not read what it is sent.
 */
export class PodChannels {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  #socket: WebSocket | undefined;
  #pulse: SocketPulse | undefined;
  #status: V1Status | undefined;
  #isOver = false;
  /** Outputs of which enough is here that nobody has read. */
  readonly #full = new Set<Readable>();

  constructor() {
    this.stdin = new Writable({
      write: (chunk: Buffer, _encoding, done) => this.#say(chunk, done),
      final: done => this.#closeStdin(done),
    });
    this.stdin.on('error', () => undefined); // the connection is gone: the outputs end
    [this.stdout, this.stderr] = [this.#output(), this.#output()];
  }

  /** What the API server said of the end; undefined: the connection broke off before. */
  get status(): V1Status | undefined {
    return this.#status;
  }

  /** Answers whether there may be more. A channel that is not known says nothing to us. */
  hear(channel: number, data: Buffer): boolean {
    if (channel === STATUS) {
      this.#status = JSON.parse(data.toString()) as V1Status;
      this.#end();
      return false;
    }
    const output = channel === STDOUT ? this.stdout : channel === STDERR ? this.stderr : undefined;
    if (!output || data.length === 0 || this.#isOver || output.destroyed || output.push(data)) return true;
    this.#full.add(output);
    this.#socket?.pause();
    return true;
  }

  join(socket: WebSocket, rhythm?: Rhythm): void {
    this.#socket = socket;
    this.#pulse = new SocketPulse(socket, rhythm);
    socket.on('close', () => this.#end());
    socket.on('error', () => this.#end());
    if (this.#full.size > 0) socket.pause();
  }

  /** Without waiting for what is still on its way. */
  close(): void {
    this.#socket?.terminate();
    this.#end();
  }

  #output(): Readable {
    const output: Readable = new Readable({ read: () => this.#hasRoom(output) });
    return output;
  }

  #hasRoom(output: Readable): void {
    if (this.#full.delete(output) && this.#full.size === 0) this.#socket?.resume();
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.stdout.push(null);
    this.stderr.push(null);
    this.stdin.destroy();
  }

  #say(chunk: Buffer, done: (error?: Error | null) => void): void {
    const socket = this.#socket;
    if (!socket) return done(new Error('the connection is not open'));
    this.#pulse?.said();
    for (let from = 0; from < chunk.length; from += FRAME_BYTES) {
      const piece = chunk.subarray(from, from + FRAME_BYTES);
      const isLast = from + FRAME_BYTES >= chunk.length;
      socket.send(Buffer.concat([Buffer.of(STDIN), piece]), error => (isLast ? done(error) : undefined));
    }
    if (chunk.length === 0) done();
  }

  /** Where the protocol cannot say that this was all, the end of the connection says so. */
  #closeStdin(done: (error?: Error | null) => void): void {
    const socket = this.#socket;
    if (socket?.protocol === CLOSES_CHANNELS) return socket.send(Buffer.of(CLOSE, STDIN), error => done(error));
    socket?.close();
    done();
  }
}
