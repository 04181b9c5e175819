/**
 * Where the server of all specs has its files: in memory, where there is a file system for it with room. Each spec's database is
 * three hundred files that are copied and removed again; on a disk that was most of what the server did, and several times as
 * much on a machine that has something else to do as well.
 */
import { accessSync, constants, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';

/** As Linux calls a file system in memory (statfs). */
const TMPFS = 0x01021994;
/** Several times what all specs at once have. A container has 64 MiB, unless it is told otherwise. */
const ROOM_BYTES = 1024 ** 3;

/** `memory`: the folder that is taken if it is of such a kind. */
export function serverPlace(memory = '/dev/shm', roomBytes = ROOM_BYTES) {
  try {
    accessSync(memory, constants.W_OK | constants.X_OK);
    const { type, bavail, bsize } = statfsSync(memory);
    return type === TMPFS && bavail * bsize >= roomBytes ? memory : tmpdir();
  } catch {
    return tmpdir(); // there is none on this machine, or it is not ours to write to
  }
}
