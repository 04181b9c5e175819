import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

const OTHERS_MAY_PASS = 0o001;
/** Directories of nearly every system; one that holds none of the sources is covered in a mount namespace of our own. */
const STAGES = ['/mnt', '/media', '/srv', '/opt', '/var/tmp', '/tmp', '/run'];

/** Where sources can be reached from, and the command that makes it so for the program behind it. */
export interface Reach {
  readonly stage: readonly string[];
  readonly pathOf: (source: string) => string;
}

/**
 * bwrap runs as the sandbox's own uid, which cannot pass a directory like `/root`. Sources below one are first bound to
 * a stage by a bwrap that is no sandbox, around the supervisor: between supervisor and sandbox it could not pass on the
 * death of its parent, because it gives up the right to signal another uid.
 *
 * `entrance` are directories that the uid passes by its group, although others may not.
 */
export function reach(bwrap: string, sources: readonly string[], entrance: readonly string[] = []): Reach {
  const hidden = sources.filter(source => !reachableByOthers(source, entrance));
  if (hidden.length === 0) return { stage: [], pathOf: source => source };
  const free = STAGES.find(
    candidate => existsSync(candidate) && !sources.some(source => `${source}/`.startsWith(`${candidate}/`)),
  );
  const base = free ?? '/run';
  const staged = new Map(hidden.map((source, index) => [source, `${base}/${index}`]));
  const binds = [...staged].flatMap(([source, path]) => ['--bind', source, path]);
  return {
    stage: [bwrap, '--dev-bind', '/', '/', '--tmpfs', base, ...binds, '--'],
    pathOf: source => staged.get(source) ?? source,
  };
}

function reachableByOthers(path: string, entrance: readonly string[]): boolean {
  for (let at = dirname(path); ; at = dirname(at)) {
    if (!entrance.includes(at) && (statSync(at).mode & OTHERS_MAY_PASS) === 0) return false;
    if (at === '/') return true;
  }
}
