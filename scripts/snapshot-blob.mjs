/**
 * The file of a startup snapshot. At its end Node.js puts what V8 made of each of its own modules, used or not: 4 MB of 12, which every
 * process that starts from it keeps in memory. Those that the snapshot holds need it no more. `withoutCodeCache`, which leaves it out,
 * also takes away what V8 made of the program.
 *
 * That part is a number of entries, each an id and what was made of it, both after their lengths; numbers have 8 bytes, the lowest first.
 */
const MOST_ENTRIES = 2_000;
const LONGEST_ID = 127;
const NUMBER_BYTES = 8;

/** Undefined: this version of Node.js writes it in another way, or there is nothing to leave out. */
export function withoutCodeOfNode(blob) {
  const found = [];
  for (let at = 0; at < blob.length - 2 * NUMBER_BYTES; at += 1) {
    if (mayBegin(blob, at) && endsWith(blob, at)) found.push(at);
  }
  if (found.length !== 1) return undefined;
  return Buffer.concat([blob.subarray(0, found[0]), Buffer.alloc(NUMBER_BYTES)]);
}

/** Cheap, because it is asked of each byte: two small numbers, of which the second is the length of an id. */
function mayBegin(blob, at) {
  const idLength = blob[at + NUMBER_BYTES];
  if (idLength === 0 || idLength > LONGEST_ID || blob[at + 2] !== 0 || blob[at + NUMBER_BYTES + 1] !== 0) return false;
  const entries = numberAt(blob, at);
  return entries > 0 && entries <= MOST_ENTRIES && numberAt(blob, at + NUMBER_BYTES) === idLength;
}

/** Whether entries from there on reach to the very end. */
function endsWith(blob, begin) {
  let at = begin + NUMBER_BYTES;
  for (let left = numberAt(blob, begin); left > 0; left -= 1) {
    const idLength = numberAt(blob, at);
    const idEnd = at + NUMBER_BYTES + idLength;
    if (!(idLength > 0 && idLength <= LONGEST_ID && idEnd + NUMBER_BYTES <= blob.length)) return false;
    if (!/^[\w/.-]+$/.test(blob.toString('latin1', at + NUMBER_BYTES, idEnd))) return false;
    at = idEnd + NUMBER_BYTES + numberAt(blob, idEnd);
    if (at > blob.length) return false;
  }
  return at === blob.length;
}

function numberAt(blob, at) {
  return at + NUMBER_BYTES > blob.length ? Number.NaN : Number(blob.readBigUInt64LE(at));
}
