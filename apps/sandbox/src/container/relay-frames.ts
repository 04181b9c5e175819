import { Fault } from '@runledger/kernel';

/**
 * What is said between the service and the relay inside of a pod, on the one stream that joins them: a kind, the number of a
 * connection, a length, and as many bytes. The relay names connections as it accepts them. Each side sends no more on one than the
 * other has given it `room` for, so that one that nobody reads holds up itself and no other.
 */
export const FRAME = { listening: 1, open: 2, data: 3, end: 4, reset: 5, room: 6, alive: 7 } as const;
/** What may be sent on a new connection, each way, before more room is given. */
export const ROOM_BYTES = 262_144;
/** In one frame. */
export const MOST_FRAME_BYTES = 65_536;
/** The relay ends when it hears nothing for so long: whoever began it is not there any more. */
export const DEAF_SECONDS = 90;

const HEAD_BYTES = 9;

export interface Frame {
  readonly kind: number;
  readonly connection: number;
  readonly data: Buffer;
}

/** What came from inside is not what the relay says: it was replaced, and is not listened to any more (S1). */
export class RelayGarbledError extends Fault {
  constructor(what: string) {
    super('RELAY_GARBLED', `What came from the relay of a pod cannot be believed: ${what}. It was cut off.`);
  }
}

export function frameOf(kind: number, connection: number, data: Uint8Array = Buffer.alloc(0)): Buffer {
  const frame = Buffer.allocUnsafe(HEAD_BYTES + data.length);
  frame[0] = kind;
  frame.writeUInt32BE(connection, 1);
  frame.writeUInt32BE(data.length, 5);
  frame.set(data, HEAD_BYTES);
  return frame;
}

export function numberFrameOf(kind: number, connection: number, value: number): Buffer {
  const data = Buffer.allocUnsafe(4);
  data.writeUInt32BE(value);
  return frameOf(kind, connection, data);
}

/** Throws {@link RelayGarbledError} for a frame that is longer than any. Holds one frame at most. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  *read(chunk: Buffer): Generator<Frame> {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (bytes.length >= HEAD_BYTES) {
      const length = bytes.readUInt32BE(5);
      if (length > MOST_FRAME_BYTES) throw new RelayGarbledError(`a frame of ${length} bytes`);
      if (bytes.length < HEAD_BYTES + length) break;
      const data = bytes.subarray(HEAD_BYTES, HEAD_BYTES + length);
      yield { kind: bytes[0] ?? 0, connection: bytes.readUInt32BE(1), data };
      bytes = bytes.subarray(HEAD_BYTES + length);
    }
    this.#rest = bytes;
  }
}

export function numberIn({ kind, data }: Frame): number {
  if (data.length !== 4) throw new RelayGarbledError(`frame ${kind} with ${data.length} bytes`);
  return data.readUInt32BE();
}
