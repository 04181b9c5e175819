/**
 * One-dimensional arrays in PostgreSQL's binary format (array_send in the server's source). Much cheaper on both sides than the
 * text format, which escapes every quote of every JSON document.
 */

const INT4 = 23;
const INT8 = 20;
const TEXT = 25;
const JSON_TYPE = 114;
const UUID = 2950;

const HEADER_BYTES = 20;

export function textArray(values: readonly string[]): Buffer {
  return stringArray(TEXT, values);
}

export function jsonArray(values: readonly string[]): Buffer {
  return stringArray(JSON_TYPE, values);
}

export function int4Array(values: readonly number[]): Buffer {
  const buffer = withHeader(INT4, values.length, values.length * 8);
  let at = HEADER_BYTES;
  for (const value of values) {
    buffer.writeInt32BE(4, at);
    buffer.writeInt32BE(value, at + 4);
    at += 8;
  }
  return buffer;
}

export function int8Array(values: readonly number[]): Buffer {
  const buffer = withHeader(INT8, values.length, values.length * 12);
  let at = HEADER_BYTES;
  for (const value of values) {
    buffer.writeInt32BE(8, at);
    buffer.writeBigInt64BE(BigInt(value), at + 4);
    at += 12;
  }
  return buffer;
}

/** UUIDs in their usual text form, with or without dashes. */
export function uuidArray(values: readonly string[]): Buffer {
  const buffer = withHeader(UUID, values.length, values.length * 20);
  let at = HEADER_BYTES;
  for (const value of values) {
    buffer.writeInt32BE(16, at);
    writeHex(buffer, at + 4, value);
    at += 20;
  }
  return buffer;
}

/** Digit by digit, past the dashes: cheaper than a text without them. */
function writeHex(buffer: Buffer, start: number, digits: string): void {
  let at = start;
  let high = -1;
  for (let index = 0; index < digits.length; index += 1) {
    const code = digits.charCodeAt(index);
    if (code === DASH) continue;
    const value = code <= NINE ? code - ZERO : (code | LOWER_CASE) - A + 10;
    if (high < 0) high = value;
    else {
      buffer[at] = (high << 4) | value;
      at += 1;
      high = -1;
    }
  }
}

const [DASH, ZERO, NINE, A, LOWER_CASE] = [45, 48, 57, 97, 32];

function stringArray(elementType: number, values: readonly string[]): Buffer {
  let bytes = 0;
  for (const value of values) bytes += 4 + Buffer.byteLength(value);
  const buffer = withHeader(elementType, values.length, bytes);
  let at = HEADER_BYTES;
  for (const value of values) {
    const length = buffer.write(value, at + 4);
    buffer.writeInt32BE(length, at);
    at += 4 + length;
  }
  return buffer;
}

/** Dimensions, null flag, element type, then size and lower bound of the one dimension. */
function withHeader(elementType: number, length: number, bytes: number): Buffer {
  const buffer = Buffer.allocUnsafe(HEADER_BYTES + bytes);
  buffer.writeInt32BE(1, 0);
  buffer.writeInt32BE(0, 4);
  buffer.writeInt32BE(elementType, 8);
  buffer.writeInt32BE(length, 12);
  buffer.writeInt32BE(1, 16);
  return buffer;
}
