import { chmodSync, lchownSync, utimesSync } from 'node:fs';
import type { SandboxFiles } from '../driver/sandbox-driver.js';
import type { Breath } from './breath.js';
import type { SnapshotEntry } from './snapshot-format.js';

/** Where a path of a snapshot is on this machine. */
export function placeIn(files: SandboxFiles, path: string): Buffer {
  const cut = path.indexOf('/');
  const directory = path.slice(0, cut) === 'home' ? files.home : files.workspace;
  return Buffer.concat([Buffer.from(directory), Buffer.from(path.slice(cut), 'latin1')]);
}

/** Owners, modes and times; a directory after all that is in it, because making that would change its time again. */
export async function finish(entries: readonly SnapshotEntry[], files: SandboxFiles, breath: Breath): Promise<void> {
  for (const entry of [...entries].reverse()) {
    if (entry.kind === 'link') continue; // another name of a file that has them already
    const place = placeIn(files, entry.path);
    if (files.uid !== undefined) lchownSync(place, files.uid, files.uid);
    if (entry.kind !== 'symlink') {
      chmodSync(place, entry.mode);
      utimesSync(place, entry.mtimeMs / 1_000, entry.mtimeMs / 1_000);
    }
    if (breath.due) await breath.take();
  }
}
