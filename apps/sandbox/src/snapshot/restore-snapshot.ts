import { BlobNotFoundError, type SweptBlobStore } from '@runledger/platform';
import { hash } from 'node:crypto';
import { linkSync, lstatSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { SandboxFiles } from '../driver/sandbox-driver.js';
import { runOut, runWell } from '../forking/commands.js';
import { forkHere } from '../forking/fork-here.js';
import { Breath } from './breath.js';
import { CLOCK_TICK_MS, KnownFiles } from './known-files.js';
import { fillFiles } from './restored-files.js';
import { finish, placeIn } from './restored-places.js';
import { DamagedSnapshotError, SnapshotGoneError } from './snapshot-errors.js';
import { decodeSnapshot, sizeOf, type Snapshot } from './snapshot-format.js';

export interface RestoredSnapshot {
  readonly files: number;
  readonly bytes: number;
  /** Size of its list in the store. */
  readonly rootBytes: number;
  readonly known: KnownFiles;
}

/** Reads the list of a snapshot. Throws `SnapshotGoneError` and `DamagedSnapshotError`. */
export async function readSnapshot(
  root: string,
  blobs: SweptBlobStore,
): Promise<{ readonly snapshot: Snapshot; readonly bytes: number }> {
  const list = await fetched(root, () => blobs.get(root));
  if (hash('sha256', list) !== root) throw new DamagedSnapshotError('its list is not what was stored');
  return { snapshot: decodeSnapshot(list), bytes: list.length };
}

async function fetched(root: string, get: () => ReturnType<SweptBlobStore['get']>): Promise<Buffer> {
  try {
    const pieces: Buffer[] = [];
    for await (const piece of await get()) pieces.push(piece as Buffer);
    return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces);
  } catch (cause) {
    throw cause instanceof BlobNotFoundError ? new SnapshotGoneError(root, cause) : cause;
  }
}

/**
 * Makes the files of a sandbox what they were, whatever is there now. Nothing may run in it. Symbolic links come last, so that
 * nothing is ever written through one (S1). Can be repeated when it broke off.
 */
export async function restoreSnapshot(
  files: SandboxFiles,
  root: string,
  blobs: SweptBlobStore,
): Promise<RestoredSnapshot> {
  const { snapshot, bytes: rootBytes } = await readSnapshot(root, blobs);
  await keepAll(root, snapshot, blobs);
  for (const directory of [files.workspace, files.home]) await empty(directory);
  const breath = new Breath();
  const { entries } = snapshot;
  for (const entry of entries) {
    if (entry.kind === 'directory') mkdirSync(placeIn(files, entry.path), { mode: 0o700 });
    if (breath.due) await breath.take();
  }
  const contents = entries.filter(entry => entry.kind === 'file');
  await fillFiles(contents, {
    breath,
    placeOf: path => placeIn(files, path),
    pack: async (sha256, range) => fetched(root, () => blobs.get(sha256, range)),
  });
  for (const entry of entries) {
    if (entry.kind === 'link') linkSync(placeIn(files, entry.to), placeIn(files, entry.path));
    if (entry.kind === 'symlink') symlinkSync(Buffer.from(entry.target, 'latin1'), placeIn(files, entry.path));
    if (breath.due) await breath.take();
  }
  await finish(entries, files, breath);
  await delay(CLOCK_TICK_MS * 2); // so that what is changed from now on can be told by its time
  return { ...sizeOf(snapshot), rootBytes, known: await knownOf(snapshot, files, breath) };
}

/** From now on this run needs them, whatever becomes of the one that stored them. */
async function keepAll(root: string, { entries }: Snapshot, blobs: SweptBlobStore): Promise<void> {
  const packs = new Set(entries.flatMap(entry => (entry.kind === 'file' ? entry.pieces.map(({ pack }) => pack) : [])));
  packs.delete('');
  const there = await Promise.all([root, ...packs].map(sha256 => blobs.keep(sha256)));
  if (there.includes(false)) throw new SnapshotGoneError(root);
}

/** `rm` rather than Node: names need not be UTF-8, and directories may have been made unreadable. */
async function empty(directory: string): Promise<void> {
  const names = readdirSync(directory);
  if (names.length === 0) return;
  await runOut(forkHere, 'chmod', ['-R', 'u+rwX', '--', directory]).catch(() => undefined); // find will say what really hinders
  await runWell(forkHere, 'find', [directory, '-mindepth', '1', '-delete']);
}

async function knownOf(snapshot: Snapshot, files: SandboxFiles, breath: Breath): Promise<KnownFiles> {
  const known = KnownFiles.of(snapshot);
  for (const entry of snapshot.entries) {
    if (entry.kind !== 'file') continue;
    const stats = lstatSync(placeIn(files, entry.path), { bigint: true });
    known.remember({ entry, stats, lookedAtMs: Date.now() });
    if (breath.due) await breath.take();
  }
  return known;
}
