import type { BlobRange } from '@runledger/platform';
import { webcrypto } from 'node:crypto';
import { closeSync, constants, ftruncateSync, openSync, writeSync } from 'node:fs';
import type { Breath } from './breath.js';
import { DamagedSnapshotError } from './snapshot-errors.js';
import type { FileEntry, Piece } from './snapshot-format.js';

export interface Filling {
  readonly breath: Breath;
  readonly placeOf: (path: string) => Buffer;
  /** Bytes of a pack. */
  readonly pack: (sha256: string, range: BlobRange) => Promise<Buffer>;
}

/** One piece and where in which file it belongs. */
interface Part {
  readonly piece: Piece;
  readonly file: FileEntry;
  readonly at: number;
}

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
/** Pieces with a gap between them that is smaller are read together. */
const GAP_BYTES = 1_048_576;
const READ_BYTES = 16_777_216;

/**
 * Makes the files and writes their content, pack after pack, so that each is read once, and of each only what is needed. While
 * one stretch is written, the thread pool reads the next one and proves it.
 */
export async function fillFiles(files: readonly FileEntry[], filling: Filling): Promise<void> {
  const made = new Set<string>();
  const open = (file: FileEntry) => openFile(file, { made, filling });
  for (const file of files) {
    if (file.pieces.every(({ pack }) => pack === '')) closeSync(open(file));
    if (filling.breath.due) await filling.breath.take();
  }
  const stretches = [...byPack(files)].flatMap(([pack, parts]) => stretchesOf(pack, parts));
  let coming = proven(stretches[0], filling);
  for (const [index, stretch] of stretches.entries()) {
    const content = await coming;
    coming = proven(stretches[index + 1], filling);
    coming.catch(() => undefined); // whoever waits for it next is told
    await write(stretch, content, { breath: filling.breath, open });
  }
}

/** The first time it makes the file, which must not be there: nothing is written through what something else put there (S1). */
function openFile(
  file: FileEntry,
  { made, filling }: { readonly made: Set<string>; readonly filling: Filling },
): number {
  const place = filling.placeOf(file.path);
  if (made.has(file.path)) return openSync(place, O_WRONLY | O_NOFOLLOW);
  const fd = openSync(place, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  made.add(file.path);
  if (file.pieces.some(({ pack }) => pack === '')) ftruncateSync(fd, file.bytes); // zeros become holes
  return fd;
}

function byPack(files: readonly FileEntry[]): Map<string, Part[]> {
  const packs = new Map<string, Part[]>();
  for (const file of files) {
    let at = 0;
    for (const piece of file.pieces) {
      const parts = packs.get(piece.pack) ?? [];
      if (piece.pack !== '') packs.set(piece.pack, parts);
      parts.push({ piece, file, at });
      at += piece.bytes;
    }
  }
  return packs;
}

interface Stretch extends BlobRange {
  readonly pack: string;
  readonly parts: readonly Part[];
}

function stretchesOf(pack: string, parts: readonly Part[]): Stretch[] {
  const stretches: { pack: string; start: number; end: number; parts: Part[] }[] = [];
  for (const part of [...parts].sort((a, b) => a.piece.offset - b.piece.offset)) {
    const { offset, bytes } = part.piece;
    const last = stretches.at(-1);
    const joins = last && offset - last.end <= GAP_BYTES && offset + bytes - last.start <= READ_BYTES;
    if (joins) {
      last.end = Math.max(last.end, offset + bytes);
      last.parts.push(part);
    } else stretches.push({ pack, start: offset, end: offset + bytes, parts: [part] });
  }
  return stretches;
}

/** What the stretch holds, once each of its parts is what was stored. Throws `DamagedSnapshotError`. */
async function proven(stretch: Stretch | undefined, { pack }: Filling): Promise<Buffer> {
  if (!stretch) return Buffer.alloc(0);
  const content = await pack(stretch.pack, { start: stretch.start, end: stretch.end });
  const { subtle } = webcrypto; // unlike `hash`, it works in the thread pool
  const prove = async (part: Part) => {
    const digest = Buffer.from(await subtle.digest('SHA-256', partOf(stretch, part, content)));
    if (digest.toString('hex') === part.piece.sha256) return;
    throw new DamagedSnapshotError(`the content of ${part.file.path} is not what was stored`);
  };
  await Promise.all(stretch.parts.map(prove));
  return content;
}

function partOf({ start }: Stretch, { piece }: Part, content: Buffer): Buffer<ArrayBuffer> {
  return content.subarray(piece.offset - start, piece.offset - start + piece.bytes) as Buffer<ArrayBuffer>;
}

interface Writing {
  readonly breath: Breath;
  readonly open: (file: FileEntry) => number;
}

async function write(stretch: Stretch, content: Buffer, { breath, open }: Writing): Promise<void> {
  let current: { readonly path: string; readonly fd: number } | undefined;
  try {
    for (const part of stretch.parts) {
      const bytes = partOf(stretch, part, content);
      if (current && current.path !== part.file.path) {
        closeSync(current.fd);
        current = undefined;
      }
      current ??= { path: part.file.path, fd: open(part.file) };
      for (let done = 0; done < bytes.length;)
        done += writeSync(current.fd, bytes, done, bytes.length - done, part.at + done);
      if (breath.due) await breath.take();
    }
  } finally {
    if (current) closeSync(current.fd);
  }
}
