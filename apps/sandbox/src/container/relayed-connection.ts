import { Duplex } from 'node:stream';
import { FRAME, frameOf, MOST_FRAME_BYTES, numberFrameOf, RelayGarbledError, ROOM_BYTES } from './relay-frames.js';

/** Passes a frame on; answers through `done` when there is room for the next one. */
export type SayFrame = (frame: Buffer, done?: (error?: Error | null) => void) => void;

/** The outer end of a connection that a program inside of a pod made to the relay there. */
export class RelayedConnection extends Duplex {
  /** What we may still send. */
  #room = ROOM_BYTES;
  /** What the other end may still send. */
  #granted = ROOM_BYTES;
  #waiting: (() => void) | undefined;

  constructor(
    private readonly number: number,
    private readonly say: SayFrame,
  ) {
    super({ allowHalfOpen: true });
  }

  /** Throws when it is more than there was room for. */
  heard(data: Buffer): void {
    this.#granted -= data.length;
    if (this.#granted < 0) throw new RelayGarbledError('more than there was room for');
    if (!this.destroyed && !this.readableEnded) this.push(data);
  }

  heardEnd(): void {
    if (!this.destroyed && !this.readableEnded) this.push(null);
  }

  given(bytes: number): void {
    this.#room = Math.min(this.#room + bytes, ROOM_BYTES);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.();
  }

  /** Called when what came before was read. With most of its room left, the other end is not told each time. */
  override _read(): void {
    const read = ROOM_BYTES - this.#granted;
    if (read < ROOM_BYTES / 4) return;
    this.#granted = ROOM_BYTES;
    this.say(numberFrameOf(FRAME.room, this.number, read));
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    if (chunk.length === 0) return done();
    if (this.#room === 0) {
      this.#waiting = () => this._write(chunk, _encoding, done);
      return;
    }
    const fits = Math.min(chunk.length, this.#room, MOST_FRAME_BYTES);
    this.#room -= fits;
    const rest = chunk.subarray(fits);
    this.say(frameOf(FRAME.data, this.number, chunk.subarray(0, fits)), error => {
      if (error) done(error);
      else this._write(rest, _encoding, done);
    });
  }

  override _final(done: (error?: Error | null) => void): void {
    this.say(frameOf(FRAME.end, this.number));
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#waiting = undefined;
    if (!this.readableEnded || !this.writableFinished) this.say(frameOf(FRAME.reset, this.number));
    done(error);
  }
}
