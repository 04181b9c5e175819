import { hash, randomBytes } from 'node:crypto';

/**
 * The UUID of the n-th event (from 0) that a command writes to a stream. The same command repeated makes the same ids,
 * so nothing counts twice (R1); the stream is part of it because an id must not appear in two streams.
 * UUID version 8 (RFC 9562 §5.8): the first 128 bits of SHA-256, version and variant set; those of the further events follow it.
 */
export function derivedId(commandId: string, stream: string, index: number): string {
  const hex = hash('sha256', `${commandId}\n${stream}\n0`, 'hex');
  const variant = VARIANTS[parseInt(hex.charAt(16), 16) & 3];
  const first = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  return followingId(first, index);
}

/**
 * The UUID of a command's n-th event, given that of its first one: n is added to the last 16 of its random bits. Cheaper than
 * another digest, and as unlikely to meet another command's id.
 */
export function followingId(first: string, index: number): string {
  if (index === 0) return first;
  const last = (parseInt(first.slice(32), 16) + index) & 0xffff;
  return first.slice(0, 32) + HEX[last >> 8] + HEX[last & 0xff];
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** First digit of the ninth byte, whose upper two bits say that this is an RFC 9562 UUID. */
const VARIANTS = '89ab';

/** A fresh time-ordered UUID, version 7 (RFC 9562 §5.7). */
export function newUuid(nowMs: number = Date.now()): string {
  const bytes = freshBytes();
  bytes.writeUIntBE(nowMs, 0, 6);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

const UUID_BYTES = 16;
let random = Buffer.alloc(0);
let used = 0;

/** Random bytes for one id, each handed out once; fetched for many ids at a time, since a fetch costs more than all the rest. */
function freshBytes(): Buffer {
  if (used === random.length) {
    random = randomBytes(128 * UUID_BYTES);
    used = 0;
  }
  used += UUID_BYTES;
  return random.subarray(used - UUID_BYTES, used);
}
