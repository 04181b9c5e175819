import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** Copies of a database, as a backup makes them and a restore brings them back: PostgreSQL's own, file by file. */
export class DatabaseCopies {
  readonly #made: string[] = [];

  /** Nobody may be connected to it meanwhile. */
  async copyOf(url: string): Promise<string> {
    const name = `spec_copy_${randomBytes(6).toString('hex')}`;
    await onDatabase(serverOf(url), `CREATE DATABASE ${name} TEMPLATE ${nameOf(url)}`);
    this.#made.push(name);
    const copy = new URL(url);
    copy.pathname = `/${name}`;
    return copy.href;
  }

  async drop(url: string): Promise<void> {
    for (const name of this.#made.splice(0)) await onDatabase(serverOf(url), `DROP DATABASE ${name} WITH (FORCE)`);
  }
}

export async function onDatabase<Row>(url: string, statement: string, values: unknown[] = []): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(statement, values)).rows as Row[];
  } finally {
    await client.end();
  }
}

/** Puts the rows of a table of one database in the place of those of another one. */
export async function copyTable(table: string, from: string, to: string): Promise<void> {
  const rows = await onDatabase<{ row: unknown }>(from, `SELECT to_json(t) AS row FROM ${table} t`);
  await onDatabase(to, `DELETE FROM ${table}`);
  await onDatabase(to, `INSERT INTO ${table} SELECT * FROM json_populate_recordset(null::${table}, $1)`, [
    JSON.stringify(rows.map(({ row }) => row)),
  ]);
}

function nameOf(url: string): string {
  return new URL(url).pathname.slice(1);
}

function serverOf(url: string): string {
  const server = new URL(url);
  server.pathname = '/postgres';
  return server.href;
}
