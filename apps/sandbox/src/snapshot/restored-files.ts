import type { BlobRange } from '@runledger/platform';
import { hash } from 'node:crypto';
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

/** Makes the files and writes their content, pack after pack, so that each is read once, and of each only what is needed. */
export async function fillFiles(files: readonly FileEntry[], filling: Filling): Promise<void> {
  for (const file of files) {
    make(file, filling);
    if (filling.breath.due) await filling.breath.take();
  }
  const stretches = [...byPack(files)].flatMap(([pack, parts]) => stretchesOf(pack, parts));
  let coming = stretches.length > 0 ? read(stretches[0], filling) : undefined;
  for (const [index, stretch] of stretches.entries()) {
    const content = await coming;
    coming = read(stretches[index + 1], filling); // while this one is written
    coming.catch(() => undefined); // whoever waits for it next is told
    if (content) await write(stretch, content, filling);
  }
}

function make(file: FileEntry, { placeOf }: Filling): void {
  const fd = openSync(placeOf(file.path), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    if (file.pieces.some(({ pack }) => pack === '')) ftruncateSync(fd, file.bytes); // zeros become holes
  } finally {
    closeSync(fd);
  }
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

async function read(stretch: Stretch | undefined, filling: Filling): Promise<Buffer | undefined> {
  return stretch && filling.pack(stretch.pack, { start: stretch.start, end: stretch.end });
}

async function write({ parts, start }: Stretch, content: Buffer, { breath, placeOf }: Filling): Promise<void> {
  let open: { readonly path: string; readonly fd: number } | undefined;
  try {
    for (const { piece, file, at } of parts) {
      const bytes = content.subarray(piece.offset - start, piece.offset - start + piece.bytes);
      if (hash('sha256', bytes) !== piece.sha256) {
        throw new DamagedSnapshotError(`the content of ${file.path} is not what was stored`);
      }
      if (open && open.path !== file.path) {
        closeSync(open.fd);
        open = undefined;
      }
      open ??= { path: file.path, fd: openSync(placeOf(file.path), O_WRONLY | O_NOFOLLOW) };
      for (let done = 0; done < bytes.length;) done += writeSync(open.fd, bytes, done, bytes.length - done, at + done);
      if (breath.due) await breath.take();
    }
  } finally {
    if (open) closeSync(open.fd);
  }
}
