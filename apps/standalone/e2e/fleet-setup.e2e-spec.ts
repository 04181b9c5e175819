import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { testDatabase } from '@runledger/testing';
import type { TestDatabase } from '@runledger/testing';
import { onDatabase } from './backup.fixture.js';
import { build, PATIENCE_MS, TemporaryHome } from './platform-process.fixture.js';

jest.setTimeout(PATIENCE_MS);

const USERS = ['migrator', 'orchestrator', 'sandbox', 'approval', 'billing', 'audit', 'gateway', 'relay'];

/** What the image runs before a fleet can start, in the order of compose: secrets, roles and tables, the owner's token. */
describe('setting a fleet up', () => {
  const home = new TemporaryHome();
  let database: TestDatabase;
  const folder = () => join(home.path, 'secrets');
  const secret = (name: string) => readFileSync(join(folder(), name), 'utf8').trim();
  const contents = () => Object.fromEntries(readdirSync(folder()).map(name => [name, secret(name)]));
  const run = async (environment: Record<string, string>, ...program: string[]) => {
    const command = home.spawn(environment, program);
    const { code } = await command.end();
    return { code, said: command.output, errors: command.errors };
  };

  beforeAll(async () => {
    build();
    database = await testDatabase();
  });
  afterAll(async () => {
    await database.drop();
    // Roles belong to the server, not to the database that has gone.
    const server = process.env['RUNLEDGER_TEST_POSTGRES_URL'] ?? '';
    for (const user of USERS) await onDatabase(server, `DROP ROLE IF EXISTS runledger_${user}`);
    await home.giveBack();
  });

  it('makes the secrets that are missing, each for its owner alone, and keeps those that are there', async () => {
    const { host, pathname } = new URL(database.url);
    const make = () => run({}, 'make-secrets.js', folder(), '--database', `${host}${pathname}`);
    expect(await make()).toMatchObject({ code: 0 });
    const made = contents();
    const urls = [...USERS, 'admin'].map(user => `${user}.url`);
    const senders = [
      'gateway.key',
      'gateway.pub',
      'orchestrator.key',
      'orchestrator.pub',
      'sandbox.key',
      'sandbox.pub',
    ];
    const keys = ['pepper', 'export-cursors', 'audit-signing', 'vault.key', ...senders, 'postgres-password'];
    expect(Object.keys(made).sort()).toEqual([...urls, ...keys].sort());
    for (const name of Object.keys(made).filter(one => !one.endsWith('.pub'))) {
      expect([name, statSync(join(folder(), name)).mode & 0o777]).toEqual([name, 0o600]);
    }
    expect(await make()).toMatchObject({ code: 0 });
    expect(contents()).toEqual(made);
  });

  it('makes the roles with the passwords of the files, and the tables', async () => {
    const { code, said } = await run({ DATABASE_URL: database.url }, 'db-roles.js', '--urls', folder());
    expect([code, said]).toEqual([0, expect.stringMatching(/runledger_billing: made[^]*\/secrets\/<service>\.url/)]);
    for (const user of USERS) {
      expect(await onDatabase(secret(`${user}.url`), 'select current_user as me')).toEqual([
        { me: `runledger_${user}` },
      ]);
    }
    const asMigrator = await run({ DATABASE_URL_FILE: join(folder(), 'migrator.url') }, 'migrate.js');
    expect(asMigrator).toMatchObject({ code: 0, said: expect.stringContaining('roles: each service') as string });
  });

  it('prints a token of the owner, with the role and the pepper of the gateway', async () => {
    const settings = {
      DATABASE_URL_FILE: join(folder(), 'gateway.url'),
      RUNLEDGER_SECRETS_DIR: folder(),
      MIGRATE: 'off',
    };
    const first = await run(settings, 'owner-token.js');
    expect([first.code, first.said]).toEqual([0, expect.stringMatching(/^rl_\S+\n$/)]);
    const second = await run(settings, 'owner-token.js');
    expect(second.said).not.toBe(first.said);
    const streams = await onDatabase<{ stream: string }>(
      database.url,
      `select distinct split_part(stream, '-', 1) as stream from runledger.event order by 1`,
    );
    expect(streams.map(({ stream }) => stream)).toEqual(['member', 'token', 'workspace']);
  });

  it('says who may not migrate what to do, and changes nothing', async () => {
    await onDatabase(database.url, 'drop schema sandbox cascade');
    const { code, errors } = await run({ DATABASE_URL: secret('billing.url') }, 'migrate.js');
    expect([code, errors]).toEqual([1, expect.stringContaining("with the database's migrating role")]);
  });

  it('explains itself to who forgets the folder', async () => {
    expect(await run({}, 'make-secrets.js')).toMatchObject({
      code: 2,
      errors: expect.stringContaining('make-secrets <folder>') as string,
    });
  });

  it('says of a place that takes no folder that it takes none', async () => {
    expect(await run({}, 'make-secrets.js', '/proc/runledger')).toMatchObject({
      code: 1,
      errors: 'No folder can be made at /proc/runledger: its file system takes none. Name another place.\n',
    });
  });
});
