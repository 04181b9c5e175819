import { newUuid } from '@runledger/event-store';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The name of the worker whose sandboxes live in this directory, made when it is first used. It stays with the sandboxes: who
 * has them is who can resume the attempts in them, whatever the machine is called today.
 */
export function workerName(homeDir: string): string {
  const known = workerAt(homeDir);
  if (known !== undefined) return known;
  mkdirSync(homeDir, { recursive: true });
  const name = `worker-${newUuid()}`;
  const path = nameFile(homeDir);
  writeFileSync(`${path}.${name}`, name, { mode: 0o600 });
  try {
    linkSync(`${path}.${name}`, path); // the first of several that start together names it
    return name;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return readFileSync(path, 'utf8').trim();
  } finally {
    rmSync(`${path}.${name}`);
  }
}

/** Whose sandboxes are in this directory; undefined when it has no name, or cannot be read from here. */
export function workerAt(homeDir: string): string | undefined {
  try {
    return readFileSync(nameFile(homeDir), 'utf8').trim();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES') return undefined;
    throw error;
  }
}

function nameFile(homeDir: string): string {
  return join(homeDir, 'worker');
}
