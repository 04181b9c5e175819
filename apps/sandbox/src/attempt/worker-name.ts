import { newUuid } from '@runledger/event-store';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The name of the worker whose sandboxes live in this directory, made when it is first used. It stays with the sandboxes: who
 * has them is who can resume the attempts in them, whatever the machine is called today.
 */
export function workerName(homeDir: string): string {
  const path = join(homeDir, 'worker');
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  mkdirSync(homeDir, { recursive: true });
  const name = `worker-${newUuid()}`;
  writeFileSync(`${path}.tmp`, name, { mode: 0o600 });
  renameSync(`${path}.tmp`, path);
  return name;
}
