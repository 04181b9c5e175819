import { testDatabase } from '@runledger/testing';
import type { TestDatabase } from '@runledger/testing';
import { Pool } from 'pg';
import { checkDatabase, migrateDatabase } from './migrate-database.js';

let database: TestDatabase;
let pool: Pool;
beforeEach(async () => {
  database = await testDatabase();
  pool = new Pool({ connectionString: database.url, max: 4 });
});
afterEach(async () => {
  await pool.end();
  await database.drop();
});

describe('migrating a database', () => {
  it('makes the tables of all services and says what it does', async () => {
    const lines: string[] = [];
    await migrateDatabase(database.url, line => lines.push(line));
    expect(lines[0]).toMatch(/^runledger: 0001-log applied, 1 of \d+ \(\d+ ms\)$/);
    expect(lines).toContainEqual(expect.stringMatching(/^sandbox: up to date at version \d+$/));
    expect(lines.at(-1)).toMatch(/^gateway: up to date at /);
    await expect(checkDatabase(pool, database.url)).resolves.toBeUndefined();
  });

  it('has nothing to do the second time', async () => {
    await migrateDatabase(database.url, () => undefined);
    const lines: string[] = [];
    await migrateDatabase(database.url, line => lines.push(line));
    expect(lines.every(line => line.includes('up to date'))).toBe(true);
  });

  it('is done by one of many processes that start at once; the others wait and say so', async () => {
    const reports = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const lines: string[] = [];
        await migrateDatabase(database.url, line => lines.push(line));
        return lines;
      }),
    );
    const applied = reports.flat().filter(line => line.includes(' applied'));
    expect(new Set(applied.map(line => line.replace(/ \(.*/, ''))).size).toBe(applied.length);
    expect(reports.flat().some(line => line.includes('another process is migrating it; waiting'))).toBe(true);
    for (const lines of reports) expect(lines.filter(line => line.includes('up to date'))).toHaveLength(8);
  });

  it('goes on where an interrupted one ended', async () => {
    await migrateDatabase(database.url, () => undefined);
    await pool.query('drop schema gateway cascade');
    await expect(checkDatabase(pool, database.url)).rejects.toMatchObject({ code: 'OUTDATED_SCHEMA' });
    const lines: string[] = [];
    await migrateDatabase(database.url, line => lines.push(line));
    expect(lines.filter(line => line.includes(' applied')).every(line => line.startsWith('gateway:'))).toBe(true);
  });
});

describe('a process that must not migrate', () => {
  it('is told to have it done when the database is not ready', async () => {
    const attempt = checkDatabase(pool, database.url);
    await expect(attempt).rejects.toMatchObject({
      code: 'OUTDATED_SCHEMA',
      message: expect.stringContaining('npm run migrate') as string,
    });
  });
});

describe('a program that is older than its database', () => {
  it.each([
    ['runledger', `insert into runledger.migration (version, name) values (99, '0099-tomorrow')`],
    ['sandbox', `insert into sandbox.migration (version, name) values (99, '0099-tomorrow')`],
    ['timers_approval', `insert into timers_approval.migration (version, name) values (99, '0099-tomorrow')`],
    ['gateway', `insert into gateway.migrations (timestamp, name) values (9999999999999, 'Tomorrow9999999999999')`],
  ])('neither migrates nor starts on schema %s, and says what to do', async (schema, statement) => {
    await migrateDatabase(database.url, () => undefined);
    await pool.query(statement);
    const refusal = {
      code: 'NEWER_SCHEMA',
      fields: expect.objectContaining({ schema }) as object,
      message: expect.stringMatching(/Start that version or a later one, or restore the backup/) as string,
    };
    await expect(migrateDatabase(database.url, () => undefined)).rejects.toMatchObject(refusal);
    await expect(checkDatabase(pool, database.url)).rejects.toMatchObject(refusal);
  });
});
