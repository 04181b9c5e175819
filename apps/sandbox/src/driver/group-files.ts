import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { signalQuietly } from './process-tree.js';

const REMOVAL_TRIES = 100;
const REMOVAL_PAUSE_MS = 20;

export function makeGroup(path: string): void {
  mkdirSync(path, { recursive: true });
}

/** The same without holding up this thread: the kernel makes groups one after the other, and joins hold it up for long. */
export async function makeGroupAside(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
}

export function writeControl(path: string, value: string | number): void {
  writeFileSync(path, String(value));
}

export function writeControlIfPresent(path: string, value: string | number): void {
  if (existsSync(path)) writeControl(path, value);
}

/** The value of one `key value` line of a control file; 0 when the file or the key is not there. */
export function countOf(path: string, key: string): number {
  if (!existsSync(path)) return 0;
  const line = readFileSync(path, 'utf8')
    .split('\n')
    .find(text => text.startsWith(`${key} `));
  return line === undefined ? 0 : Number(line.slice(key.length + 1));
}

export function childGroups(path: string): string[] {
  if (!existsSync(path)) return [];
  return readdirSync(path, { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .map(entry => entry.name);
}

function membersOf(path: string): number[] {
  if (!existsSync(`${path}/cgroup.procs`)) return [];
  return readFileSync(`${path}/cgroup.procs`, 'utf8').split('\n').filter(Boolean).map(Number);
}

/** Kills the members of a group and of its children, and removes them all. Waits for the kernel to let go of the dead. */
export async function removeGroupTree(path: string): Promise<void> {
  for (const child of childGroups(path)) await removeGroupTree(`${path}/${child}`);
  for (let tries = 0; existsSync(path); tries += 1) {
    if (removedNow(path, tries >= REMOVAL_TRIES)) return;
    for (const pid of membersOf(path)) signalQuietly(pid, 'SIGKILL');
    await sleep(REMOVAL_PAUSE_MS);
  }
}

function removedNow(path: string, lastTry: boolean): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') return true;
    if (lastTry || (code !== 'EBUSY' && code !== 'ENOTEMPTY')) throw error;
    return false;
  }
}

/** Removes the group that holds others once it holds none. */
export function removeGroupIfEmpty(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'ENOENT' && code !== 'EBUSY' && code !== 'ENOTEMPTY') throw error;
  }
}
