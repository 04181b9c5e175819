import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { catalogue, MemberAdded } from '@runledger/contracts';
import { createPostgresEventStore, newUuid } from '@runledger/event-store';
import { PersonalData, personalStore, SubjectKeys } from '@runledger/platform';
import { testDatabase } from '@runledger/testing';
import type { TestDatabase } from '@runledger/testing';
import { Pool } from 'pg';
import { migrateDatabase } from './database/migrate-database.js';
import { erasePerson } from './erase-person.js';

describe('erasing a person from the command line', () => {
  const ADA = { workspaceId: 'ws_acme', subject: 'mem_ada' };
  const AT = '2026-05-01T10:00:00.000Z';
  const { RUNLEDGER_HOME: before } = process.env;
  let home: string;
  let database: TestDatabase;
  let pool: Pool;
  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'runledger-erase-'));
    process.env['RUNLEDGER_HOME'] = home;
    database = await testDatabase();
    pool = new Pool({ connectionString: database.url, max: 2 });
    await migrateDatabase(database.url, () => undefined);
    const added = MemberAdded({
      ...{ memberId: ADA.subject, workspaceId: ADA.workspaceId, name: 'Ada Lovelace', email: 'ada@example.com' },
      ...{ kind: 'person', scopes: [], addedBy: { kind: 'system', id: 'spec' }, addedAt: AT },
    });
    const about = { correlationId: 'c1', causationId: 'k1', workspaceId: ADA.workspaceId };
    const metadata = { ...about, actor: { kind: 'system', id: 'spec' } as const, occurredAt: AT, schemaVersion: 1 };
    const log = createPostgresEventStore({ connectionString: database.url });
    const personal = personalStore(log, new PersonalData(new SubjectKeys(pool), catalogue));
    await personal.append(
      { tenant: ADA.workspaceId, name: 'member-ada' },
      [{ id: newUuid(), ...added, metadata }],
      'any',
    );
    await log.close();
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
    if (before === undefined) delete process.env['RUNLEDGER_HOME'];
    else process.env['RUNLEDGER_HOME'] = before;
    rmSync(home, { recursive: true });
  });

  const erase = async (person: typeof ADA) => {
    const said: string[] = [];
    return { erased: await erasePerson(database.url, person, line => said.push(line)), said };
  };
  const keys = async () => (await pool.query<object>('SELECT workspace, subject, key FROM runledger.subject_key')).rows;

  it.each([
    ['another id', { ...ADA, subject: 'mem_adda' }],
    ['an id of another kind', { ...ADA, subject: 'run_ada' }],
    ['another workspace', { ...ADA, workspaceId: 'ws_acne' }],
  ])('changes nothing for %s: nobody is known by it', async (_what, person) => {
    const kept = await keys();
    const { erased, said } = await erase(person);
    expect(erased).toBe('NOBODY');
    expect(said).toEqual([expect.stringContaining(`Nobody is known as ${person.subject} in ${person.workspaceId}`)]);
    expect(await keys()).toEqual(kept);
  });

  it('destroys the key of whom it knows and makes every read model anew', async () => {
    const { erased } = await erase(ADA);
    expect(erased).toBe('KEY_DESTROYED');
    expect(await keys()).toMatchObject([{ subject: 'mem_ada', key: null }]);
    const { rows } = await pool.query<{ row: string }>('SELECT t::text AS row FROM gateway.members t');
    expect(rows.map(({ row }) => row)).toEqual([expect.stringContaining('[erased]')]);
  }, 60_000);
});
