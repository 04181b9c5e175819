import { closeSync, constants, fstatSync, lstatSync, opendirSync, openSync, readlinkSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { SnapshotTooLargeError } from './snapshot-errors.js';

/** Something that lies below the directory; good until the walk goes on. */
export interface Met {
  /** From the directory, bytes as characters. */
  readonly path: string;
  readonly stats: BigIntStats;
  /** Opens a regular file for reading; undefined when it is something else by now. The caller closes it. */
  open(): number | undefined;
  readLink(): string;
}

export interface WalkLimits {
  readonly maxEntries: number;
  readonly maxDepth: number;
}

export interface WalkOptions {
  readonly limits: WalkLimits;
  /** Paths to leave out, with all that is below them. */
  readonly without: ReadonlySet<string>;
  /** Told of what could not be looked at. */
  readonly skipped: (path: string, error: unknown) => void;
}

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

interface Level {
  readonly fd: number;
  readonly path: string;
  readonly names: readonly string[];
  next: number;
}

/**
 * Everything below a directory, each directory before what is in it, by name. Whoever works in there may change it at any
 * time and is not trusted: no link is ever followed, in no part of a path, because each name is looked up in a directory that
 * is held open (`/proc/self/fd/N/name`, what `openat` would do) (S1).
 */
export function* walkDirectory(root: string, options: WalkOptions): Generator<Met> {
  const levels: Level[] = [];
  let entries = 0;
  try {
    levels.push(levelOf(openDirectory(Buffer.from(root)), '', options));
    for (let level = levels.at(-1); level; level = levels.at(-1)) {
      const name = level.names[level.next];
      level.next += 1;
      if (name === undefined) {
        levels.pop();
        closeSync(level.fd);
        continue;
      }
      const path = level.path === '' ? name : `${level.path}/${name}`;
      const met = options.without.has(path) ? undefined : look(level.fd, name, path, options);
      if (!met) continue;
      entries += 1;
      if (entries > options.limits.maxEntries) throw new SnapshotTooLargeError(`more than ${entries - 1} entries`);
      yield met;
      if (met.stats.isDirectory()) descend(levels, placeOf(level.fd, name), path, options);
    }
  } finally {
    levels.forEach(({ fd }) => closeSync(fd));
  }
}

function descend(levels: Level[], place: Buffer, path: string, options: WalkOptions): void {
  const { maxDepth } = options.limits;
  if (levels.length >= maxDepth) throw new SnapshotTooLargeError(`directories more than ${maxDepth} deep`);
  try {
    levels.push(levelOf(openDirectory(place), path, options));
  } catch (error) {
    if (error instanceof SnapshotTooLargeError) throw error;
    options.skipped(path, error);
  }
}

function openDirectory(place: Buffer): number {
  return openSync(place, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

function levelOf(fd: number, path: string, { limits }: WalkOptions): Level {
  try {
    return { fd, path, names: namesIn(fd, limits).sort(), next: 0 };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function namesIn(fd: number, { maxEntries }: WalkLimits): string[] {
  const listing = opendirSync(`/proc/self/fd/${fd}`, { encoding: 'latin1', bufferSize: 512 });
  const names: string[] = [];
  try {
    for (let entry = listing.readSync(); entry; entry = listing.readSync()) {
      names.push(entry.name);
      if (names.length > maxEntries) throw new SnapshotTooLargeError(`more than ${maxEntries} entries`);
    }
    return names;
  } finally {
    listing.closeSync();
  }
}

function look(fd: number, name: string, path: string, { skipped }: WalkOptions): Met | undefined {
  const place = placeOf(fd, name);
  try {
    const stats = lstatSync(place, { bigint: true });
    return { path, stats, open: () => openFile(place), readLink: () => readlinkSync(place, 'latin1') };
  } catch (error) {
    skipped(path, error); // removed while we looked, or never to be seen
    return undefined;
  }
}

function openFile(place: Buffer): number | undefined {
  const fd = openSync(place, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  return undefined;
}

function placeOf(fd: number, name: string): Buffer {
  return Buffer.from(`/proc/self/fd/${fd}/${name}`, 'latin1');
}
