import type { SweptBlobStore } from '@runledger/platform';
import { hash } from 'node:crypto';
import { closeSync, readSync } from 'node:fs';
import type { SandboxFiles } from '../driver/sandbox-driver.js';
import { Breath } from './breath.js';
import { walkDirectory, type Met, type WalkOptions } from './directory-walk.js';
import { KnownFiles, type LookedAt } from './known-files.js';
import { PackWriter } from './pack-writer.js';
import { SnapshotTooLargeError } from './snapshot-errors.js';
import { encodeSnapshot, PIECE_BYTES, sizeOf } from './snapshot-format.js';
import type { FileEntry, Piece, Side, SnapshotEntry } from './snapshot-format.js';

export interface SnapshotLimits {
  readonly maxEntries: number;
  /** Of all files together, as their sizes say: holes count. */
  readonly maxBytes: number;
  readonly maxDepth: number;
}

const DEFAULT_SNAPSHOT_LIMITS: SnapshotLimits = {
  maxEntries: 300_000,
  maxBytes: 17_179_869_184,
  maxDepth: 200,
};

/** Below the home directory, what programs fetch again by themselves. */
const NOT_OF_HOME: ReadonlySet<string> = new Set(['.cache', '.npm']);

export interface TakenSnapshot {
  /** Where it is in the store. */
  readonly root: { readonly sha256: string; readonly bytes: number };
  readonly files: number;
  readonly bytes: number;
  /** What the store holds more of because of it. */
  readonly newBytes: number;
  /** Sockets, devices and what could not be read. */
  readonly leftOut: readonly string[];
  /** For the next one. */
  readonly known: KnownFiles;
}

export interface SnapshotParts {
  readonly blobs: SweptBlobStore;
  /** Of the snapshot before, if there is one. */
  readonly known: KnownFiles | undefined;
  readonly limits?: Partial<SnapshotLimits>;
}

/**
 * Stores the files of a sandbox as they are. Reads only what has changed since the snapshot before, stores only what the store
 * does not hold, and touches nothing. Programs that still work there do no harm: each file is what it was when it was read.
 * Throws `SnapshotTooLargeError`, and nothing refers to what was stored until then.
 */
export async function takeSnapshot(files: SandboxFiles, parts: SnapshotParts): Promise<TakenSnapshot> {
  const taking = new Taking(parts);
  await taking.side('workspace', files.workspace, new Set());
  await taking.side('home', files.home, NOT_OF_HOME);
  return taking.end();
}

class Taking {
  readonly #entries: SnapshotEntry[] = [];
  readonly #looked: LookedAt[] = [];
  readonly #names = new Map<string, string>();
  readonly #leftOut: string[] = [];
  readonly #breath = new Breath();
  readonly #limits: SnapshotLimits;
  readonly #lost = new Map<string, boolean>();
  readonly #pieces: Map<string, Piece>;
  readonly #writer: PackWriter;
  readonly #parts: SnapshotParts;
  #bytes = 0;

  constructor(parts: SnapshotParts) {
    this.#parts = parts;
    this.#limits = { ...DEFAULT_SNAPSHOT_LIMITS, ...parts.limits };
    this.#pieces = new Map(parts.known?.pieces);
    this.#writer = new PackWriter(parts.blobs, this.#pieces);
  }

  async side(side: Side, directory: string, without: ReadonlySet<string>): Promise<void> {
    await this.#keepPacks();
    const { maxEntries, maxDepth } = this.#limits;
    const options: WalkOptions = {
      limits: { maxEntries: maxEntries - this.#entries.length, maxDepth },
      without,
      skipped: (path, error) => this.#skip(`${side}/${path}`, error),
    };
    for (const met of walkDirectory(directory, options)) {
      if (this.#breath.due) await this.#breath.take();
      await this.#take(`${side}/${met.path}`, met);
    }
  }

  async end(): Promise<TakenSnapshot> {
    await this.#writer.close();
    const known = new KnownFiles();
    for (const looked of this.#looked) known.remember(looked);
    const list = encodeSnapshot({ entries: this.#entries });
    const isNew = !(await this.#parts.blobs.keep(hash('sha256', list)));
    const root = isNew ? await this.#parts.blobs.put(list) : { sha256: hash('sha256', list), bytes: list.length };
    const newBytes = this.#writer.newBytes + (isNew ? list.length : 0);
    return { root, ...sizeOf({ entries: this.#entries }), newBytes, leftOut: this.#leftOut, known };
  }

  /** So that no sweep takes what this snapshot is going to refer to. What is gone is stored again. */
  async #keepPacks(): Promise<void> {
    if (this.#lost.size > 0) return;
    const packs = [...new Set([...this.#pieces.values()].map(piece => piece.pack))];
    const there = await Promise.all(packs.map(pack => this.#parts.blobs.keep(pack)));
    packs.forEach((pack, index) => this.#lost.set(pack, !there[index]));
    for (const [sha256, { pack }] of this.#pieces) if (this.#lost.get(pack)) this.#pieces.delete(sha256);
  }

  async #take(path: string, met: Met): Promise<void> {
    const { stats } = met;
    const mode = Number(stats.mode) & 0o1777; // who runs as another user because of a file's mode is no affair of a sandbox
    const mtimeMs = Number(stats.mtimeMs);
    if (stats.isDirectory()) this.#entries.push({ kind: 'directory', path, mode, mtimeMs });
    else if (stats.isSymbolicLink()) this.#link(path, met);
    else if (stats.isFile()) await this.#file(path, met, { mode, mtimeMs });
    else this.#leftOut.push(path);
  }

  #link(path: string, met: Met): void {
    try {
      this.#entries.push({ kind: 'symlink', path, target: met.readLink() });
    } catch (error) {
      this.#skip(path, error);
    }
  }

  async #file(path: string, met: Met, more: Pick<FileEntry, 'mode' | 'mtimeMs'>): Promise<void> {
    const { stats } = met;
    const lookedAtMs = Date.now();
    const inode = `${stats.dev}:${stats.ino}`;
    const to = stats.nlink > 1n ? this.#names.get(inode) : undefined;
    if (to !== undefined) {
      this.#entries.push({ kind: 'link', path, to });
      return;
    }
    const unchanged = this.#parts.known?.unchanged(path, stats);
    const usable = unchanged?.pieces.every(({ pack }) => pack === '' || this.#lost.get(pack) === false);
    const entry = usable ? unchanged : await this.#read(path, met, more);
    if (!entry) return;
    this.#count(entry.bytes);
    if (stats.nlink > 1n) this.#names.set(inode, path);
    this.#entries.push(entry);
    this.#looked.push({ entry, stats, lookedAtMs });
  }

  async #read(path: string, met: Met, more: Pick<FileEntry, 'mode' | 'mtimeMs'>): Promise<FileEntry | undefined> {
    let fd: number | undefined;
    try {
      this.#count(Number(met.stats.size), 'look');
      fd = met.open();
      if (fd === undefined) return undefined;
      const pieces = await this.#piecesOf(fd, Number(met.stats.size));
      return { kind: 'file', path, ...more, bytes: pieces.reduce((sum, { bytes }) => sum + bytes, 0), pieces };
    } catch (error) {
      if (!isOfTheFile(error)) throw error;
      this.#skip(path, error);
      return undefined;
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  }

  /** Not beyond the size that was seen: a file that somebody goes on writing would never end. */
  async #piecesOf(fd: number, size: number): Promise<Piece[]> {
    const pieces: Piece[] = [];
    for (let at = 0; at < size;) {
      const content = Buffer.allocUnsafe(Math.min(PIECE_BYTES, size - at));
      const read = readSync(fd, content, 0, content.length, at);
      if (read === 0) break;
      at += read;
      pieces.push(await this.#piece(content.subarray(0, read)));
      if (this.#breath.due) await this.#breath.take();
    }
    return pieces;
  }

  async #piece(content: Buffer): Promise<Piece> {
    if (content.equals(ZEROS.subarray(0, content.length))) {
      return { pack: '', offset: 0, bytes: content.length, sha256: '' };
    }
    return this.#writer.add(content);
  }

  #count(bytes: number, how: 'add' | 'look' = 'add'): void {
    const sum = this.#bytes + bytes;
    if (sum > this.#limits.maxBytes) throw new SnapshotTooLargeError(`more than ${this.#limits.maxBytes} bytes`);
    if (how === 'add') this.#bytes = sum;
  }

  #skip(path: string, error: unknown): void {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#leftOut.push(path);
  }
}

const ZEROS = Buffer.alloc(PIECE_BYTES);

/** The file cannot be read; anything else is a fault of ours, or of the store. */
function isOfTheFile(error: unknown): boolean {
  const { code, syscall } = error as NodeJS.ErrnoException;
  const codes = ['EACCES', 'EPERM', 'ENOENT', 'ELOOP', 'ENXIO', 'EIO', 'ESTALE', 'EISDIR', 'ENODEV'];
  return (syscall === 'open' || syscall === 'read') && code !== undefined && codes.includes(code);
}
