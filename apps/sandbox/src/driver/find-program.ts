import { accessSync, constants, readFileSync } from 'node:fs';
import { SandboxUnavailableError } from './sandbox-faults.js';

const DIRECTORIES = ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/usr/local/bin'];

/** A system program by its absolute path: nothing that isolates is looked up in a PATH that others may set. */
export function findProgram(name: string, install: string): string {
  const found = DIRECTORIES.map(directory => `${directory}/${name}`).find(isExecutable);
  if (found === undefined) throw new SandboxUnavailableError(`${name} is not installed`, install);
  return found;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const OPEN_FILES = 4_096;

/** Most open files of a process inside: never more than this process may give. */
export function openFilesLimit(): number {
  const hard = /^Max open files\s+\S+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  return hard === undefined ? OPEN_FILES : Math.min(OPEN_FILES, Number(hard));
}
