import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** `describe`, where these programs are installed; elsewhere the specs are skipped, and their name must say "(needs …)". */
export function describeWith(...programs: readonly string[]) {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const all = programs.every(program => folders.some(folder => existsSync(join(folder, program))));
  return all ? describe : describe.skip;
}

/** Hierarchies of the first version are folders of their own, and this very process may be in a group two below. */
const DEEPEST_GROUP = 3;

/** A living process that has to do with a folder, and how that shows. */
export interface Trace {
  readonly pid: number;
  readonly name: string;
  readonly by: 'command line' | 'environment' | 'working folder' | 'mount' | 'control group';
}

/**
 * Every living process, zombies aside, that has to do with the folder: started with it, working in it, seeing it mounted (as sandboxes
 * do, whose own words need not mention it), or in a control group of its sandboxes.
 */
export function tracesOf(folder: string): Trace[] {
  const groups = groupsOf(folder);
  return pids()
    .filter(pid => pid !== process.pid)
    .flatMap(pid => {
      const by = relationOf(pid, folder, groups);
      return by === undefined || isZombie(pid) ? [] : [{ pid, name: textOf(pid, 'comm').trim(), by }];
    });
}

/**
 * Control groups of the folder's sandboxes that are still there. One walk for all of them: a machine may have thousands of
 * groups, and what is expected to be gone is looked for after every spec.
 */
export function controlGroupsOf(folder: string): string[] {
  const groups = new Set(groupsOf(folder));
  const below = (parent: string, depth: number): string[] =>
    foldersIn(parent).flatMap(name => {
      const path = join(parent, name);
      if (groups.has(name)) return [path];
      return depth < DEEPEST_GROUP ? below(path, depth + 1) : [];
    });
  return below('/sys/fs/cgroup', 0);
}

/** Mounts of the folder, or below it, in this process's own view. */
export function mountsOf(folder: string): string[] {
  return textOf('self', 'mountinfo')
    .split('\n')
    .filter(line => line.split(' ')[4]?.startsWith(folder));
}

/** Processes whose parent is `pid`, and theirs. */
export function descendantsOf(pid: number): number[] {
  const children = pids().filter(candidate => parentOf(candidate) === pid);
  return [...children, ...children.flatMap(descendantsOf)];
}

/** What `/proc/<pid>/cmdline` says, with spaces; empty when there is no such process. */
export function commandLineOf(pid: number): string {
  return textOf(pid, 'cmdline').replaceAll('\0', ' ').trim();
}

function relationOf(pid: number, folder: string, groups: readonly string[]): Trace['by'] | undefined {
  if (textOf(pid, 'cmdline').includes(folder)) return 'command line';
  if (textOf(pid, 'environ').includes(folder)) return 'environment';
  if (linkOf(pid, 'cwd').startsWith(folder)) return 'working folder';
  if (textOf(pid, 'mountinfo').includes(folder)) return 'mount';
  return groups.some(group => textOf(pid, 'cgroup').includes(group)) ? 'control group' : undefined;
}

/** The sandbox service names its groups after its folder, so that two platforms on one machine do not meet; replicas have one each. */
function groupsOf(folder: string): string[] {
  const homes = ['sandboxes', 'sandboxes/1', 'sandboxes/2'].map(home => `${folder}/${home}/bubblewrap`);
  return homes.map(home => `runledger-${createHash('sha256').update(home).digest('hex').slice(0, 12)}`);
}

function pids(): number[] {
  return namesIn('/proc').filter(name => /^\d+$/.test(name)).map(Number); // prettier-ignore
}

function isZombie(pid: number): boolean {
  return /^State:\s+[ZX]/m.test(textOf(pid, 'status'));
}

function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)/m.exec(textOf(pid, 'status'))?.[1] ?? 0);
}

function textOf(pid: number | 'self', file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return ''; // ended while we looked
  }
}

function linkOf(pid: number, file: string): string {
  try {
    return readlinkSync(`/proc/${pid}/${file}`);
  } catch {
    return '';
  }
}

function foldersIn(parent: string): string[] {
  try {
    const entries = readdirSync(parent, { withFileTypes: true });
    return entries.filter(entry => entry.isDirectory()).map(({ name }) => name);
  } catch {
    return []; // removed while we looked
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
