import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import type { OpenedPostgres } from './open-postgres.js';

/** Another process that opens the same folder, as a second copy of the platform would. */
export interface OtherProcess {
  readonly process: ChildProcess;
  readonly opened: Promise<Pick<OpenedPostgres, 'started' | 'pid'>>;
}

const compiled = new URL('../../dist/postgres/index.js', import.meta.url).href;

export function openInOtherProcess(dataDir: string): OtherProcess {
  const program = `
    const { openPostgres } = await import(${JSON.stringify(compiled)});
    const { started, pid } = await openPostgres({ dataDir: ${JSON.stringify(dataDir)} });
    console.log(JSON.stringify({ started, pid }));
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const opened = once(child.stdout, 'data').then(
    ([line]) => JSON.parse(String(line)) as Pick<OpenedPostgres, 'started' | 'pid'>,
  );
  return { process: child, opened };
}

export async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

export async function query(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined); // the server is killed on purpose
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(statement);
    return rows;
  } finally {
    await client.end();
  }
}

/** Every process of this machine that mentions the folder in its command line or works in it. */
export function processesOf(dataDir: string): string[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map(pid => `${pid} ${textOf(join('/proc', pid, 'cmdline'))}`)
    .filter(line => line.includes(dataDir));
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').replaceAll('\0', ' ');
  } catch {
    return ''; // ended in the meantime
  }
}
