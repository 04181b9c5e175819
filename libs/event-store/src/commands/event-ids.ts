import { hash, randomBytes } from 'node:crypto';

/**
 * The UUID of the n-th event (from 0) that a command writes to a stream. The same command repeated makes the same ids,
 * so nothing counts twice (R1); the stream is part of it because an id must not appear in two streams.
 * UUID version 8 (RFC 9562 §5.8): the first 128 bits of SHA-256, version and variant set.
 */
export function derivedId(commandId: string, stream: string, index: number): string {
  const hex = hash('sha256', `${commandId}\n${stream}\n${index}`, 'hex');
  const variant = VARIANTS[parseInt(hex.charAt(16), 16) & 3];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** First digit of the ninth byte, whose upper two bits say that this is an RFC 9562 UUID. */
const VARIANTS = '89ab';

/** A fresh time-ordered UUID, version 7 (RFC 9562 §5.7). */
export function newUuid(nowMs: number = Date.now()): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(nowMs, 0, 6);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
