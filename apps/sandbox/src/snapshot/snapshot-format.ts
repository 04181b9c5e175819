import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { DamagedSnapshotError } from './snapshot-errors.js';

/**
 * A snapshot says of everything below the two directories of a sandbox, `workspace/` and `home/`, what it is and where its
 * content lies. Paths and targets are bytes, one character each: names need not be UTF-8.
 */
export interface Snapshot {
  readonly entries: readonly SnapshotEntry[];
}

export type SnapshotEntry = DirectoryEntry | FileEntry | SymlinkEntry | HardLinkEntry;

export interface DirectoryEntry {
  readonly kind: 'directory';
  readonly path: string;
  readonly mode: number;
  readonly mtimeMs: number;
}

export interface FileEntry {
  readonly kind: 'file';
  readonly path: string;
  readonly mode: number;
  readonly mtimeMs: number;
  readonly bytes: number;
  readonly pieces: readonly Piece[];
}

export interface SymlinkEntry {
  readonly kind: 'symlink';
  readonly path: string;
  readonly target: string;
}

/** Another name of a file that was met before. */
export interface HardLinkEntry {
  readonly kind: 'link';
  readonly path: string;
  readonly to: string;
}

/** Up to {@link PIECE_BYTES} of a file, in a pack of many. */
export interface Piece {
  /** SHA-256 of the pack's blob; empty for zeros, which are stored nowhere. */
  readonly pack: string;
  readonly offset: number;
  readonly bytes: number;
  /** Of the piece. */
  readonly sha256: string;
}

/** So much of a file is stored anew when one byte of it changes. */
export const PIECE_BYTES = 262_144;

const FORMAT = 1;
const MAX_LIST_BYTES = 536_870_912;
type Line = readonly (string | number | readonly (readonly (string | number)[])[])[];

/** The same snapshot gives the same bytes. Names each pack once and refers to it by number. */
export function encodeSnapshot({ entries }: Snapshot): Buffer {
  const packs = new Map<string, number>();
  const numberOf = (pack: string): number => {
    if (pack === '') return -1;
    const known = packs.get(pack) ?? packs.size;
    packs.set(pack, known);
    return known;
  };
  const lines = entries.map(entry => lineOf(entry, numberOf));
  return zstdCompressSync(JSON.stringify({ format: FORMAT, packs: [...packs.keys()], entries: lines }));
}

function lineOf(entry: SnapshotEntry, numberOf: (pack: string) => number): Line {
  switch (entry.kind) {
    case 'directory':
      return ['d', entry.path, entry.mode, entry.mtimeMs];
    case 'file': {
      const pieces = entry.pieces.map(piece => [numberOf(piece.pack), piece.offset, piece.bytes, piece.sha256]);
      return ['f', entry.path, entry.mode, entry.mtimeMs, entry.bytes, pieces];
    }
    case 'symlink':
      return ['s', entry.path, entry.target];
    case 'link':
      return ['h', entry.path, entry.to];
  }
}

/** Throws `DamagedSnapshotError`; also when a path would lead out of the sandbox, whoever wrote it. */
export function decodeSnapshot(bytes: Buffer): Snapshot {
  const { packs, lines } = parsed(bytes);
  const entries = lines.map(line => entryOf(line, packs));
  const paths = entries.flatMap(entry => (entry.kind === 'link' ? [entry.path, entry.to] : [entry.path]));
  const outside = paths.find(path => !isInside(path));
  if (outside !== undefined) throw new DamagedSnapshotError(`the path ${JSON.stringify(outside)} leads out of it`);
  return { entries };
}

/** Which packs a snapshot needs, without looking at its entries. */
export function packsOf(bytes: Buffer): readonly string[] {
  return parsed(bytes).packs;
}

function parsed(bytes: Buffer): { readonly packs: readonly string[]; readonly lines: readonly Line[] } {
  try {
    const text = zstdDecompressSync(bytes, { maxOutputLength: MAX_LIST_BYTES }).toString();
    const list = JSON.parse(text) as { format: number; packs: string[]; entries: Line[] };
    if (list.format === FORMAT && Array.isArray(list.packs) && Array.isArray(list.entries)) {
      return { packs: list.packs, lines: list.entries };
    }
  } catch (cause) {
    throw new DamagedSnapshotError('its list cannot be read', cause);
  }
  throw new DamagedSnapshotError('its list is of another format');
}

function entryOf([kind, path, ...rest]: Line, packs: readonly string[]): SnapshotEntry {
  const name = String(path);
  if (kind === 'd') return { kind: 'directory', path: name, mode: Number(rest[0]), mtimeMs: Number(rest[1]) };
  if (kind === 's') return { kind: 'symlink', path: name, target: String(rest[0]) };
  if (kind === 'h') return { kind: 'link', path: name, to: String(rest[0]) };
  const [mode, mtimeMs, bytes, pieces] = rest;
  if (kind !== 'f' || !Array.isArray(pieces)) throw new DamagedSnapshotError(`its entry ${name} is of no known kind`);
  return {
    kind: 'file',
    path: name,
    mode: Number(mode),
    mtimeMs: Number(mtimeMs),
    bytes: Number(bytes),
    pieces: pieces.map(piece => pieceOf(piece as Line, packs)),
  };
}

function pieceOf([number, offset, bytes, sha256]: Line, packs: readonly string[]): Piece {
  const pack = number === -1 ? '' : packs[Number(number)];
  if (pack === undefined) throw new DamagedSnapshotError('it refers to a pack that it does not name');
  return { pack, offset: Number(offset), bytes: Number(bytes), sha256: String(sha256) };
}

const SIDES = ['workspace', 'home'] as const;
/** The directories of a sandbox that are kept. */
export type Side = (typeof SIDES)[number];

function isInside(path: string): boolean {
  const [side, ...parts] = path.split('/');
  const isPlain = (part: string): boolean => part !== '' && part !== '.' && part !== '..' && !part.includes('\0');
  return SIDES.some(known => known === side) && parts.length > 0 && parts.every(isPlain);
}

/** How many files a snapshot holds and how large they are together; a second name counts for nothing. */
export function sizeOf({ entries }: Snapshot): { readonly files: number; readonly bytes: number } {
  const files = entries.filter(entry => entry.kind === 'file');
  return { files: files.length, bytes: files.reduce((sum, file) => sum + file.bytes, 0) };
}
