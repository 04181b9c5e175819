import { lstat } from 'node:fs/promises';

export interface LookedAt {
  /** Host path of the workspace. */
  readonly workspace: string;
  /** Where programs inside find it. */
  readonly workspacePath: string;
  /** Places inside where something else is mounted. */
  readonly mounted: readonly string[];
}

/**
 * Whether something may be at a path of the workspace, looked at from outside, without following a link and without reading
 * anything (S1). `false` is sure. A link or a mount on the way can lead anywhere, which only a look from inside can tell.
 */
export async function mayHold({ workspace, workspacePath, mounted }: LookedAt, path: string): Promise<boolean> {
  if (!path.startsWith(`${workspacePath}/`)) return true;
  if (mounted.some(target => `${path}/`.startsWith(`${target}/`))) return true;
  let at = workspace;
  for (const part of path.slice(workspacePath.length + 1).split('/')) {
    at = `${at}/${part}`;
    const found = await look(at);
    if (found === 'nothing') return false;
    if (found === 'unclear') return true;
  }
  return true;
}

async function look(path: string): Promise<'directory' | 'nothing' | 'unclear'> {
  try {
    return (await lstat(path)).isDirectory() ? 'directory' : 'unclear';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'nothing' : 'unclear';
  }
}
