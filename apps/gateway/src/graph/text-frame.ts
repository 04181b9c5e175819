/** RFC 6455, section 5.2: a text message in one piece, not masked, as a server sends it. */
const WHOLE_TEXT = 0x81;
const LENGTH_IN_16_BITS = 126;
const LENGTH_IN_64_BITS = 127;
const LONGEST_IN_7_BITS = 125;
const LONGEST_IN_16_BITS = 0xffff;

/**
 * A message of these parts, UTF-8 all together, as a socket's bytes. So what many readers get is made into bytes once, and each gets it
 * with one write; a WebSocket library takes text, makes bytes of it for each of them, and writes its own header apart.
 */
export function textFrame(parts: readonly Buffer[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const start = headerLength(length);
  const frame = Buffer.allocUnsafe(start + length);
  writeHeader(frame, length);
  let at = start;
  for (const part of parts) {
    frame.set(part, at);
    at += part.length;
  }
  return frame;
}

function headerLength(length: number): number {
  if (length <= LONGEST_IN_7_BITS) return 2;
  return length <= LONGEST_IN_16_BITS ? 4 : 10;
}

function writeHeader(frame: Buffer, length: number): void {
  frame[0] = WHOLE_TEXT;
  if (length <= LONGEST_IN_7_BITS) {
    frame[1] = length;
    return;
  }
  if (length <= LONGEST_IN_16_BITS) {
    frame[1] = LENGTH_IN_16_BITS;
    frame.writeUInt16BE(length, 2);
    return;
  }
  frame[1] = LENGTH_IN_64_BITS;
  frame.writeBigUInt64BE(BigInt(length), 2);
}
