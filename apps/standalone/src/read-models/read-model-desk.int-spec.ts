import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApprovalDecided, catalogue, RunStarted } from '@runledger/contracts';
import { createPostgresEventStore, newUuid } from '@runledger/event-store';
import { BigEvents, FileBlobStore, PersonalData, personalStore, SubjectKeys } from '@runledger/platform';
import { testDatabase } from '@runledger/testing';
import type { TestDatabase } from '@runledger/testing';
import { Pool } from 'pg';
import { migrateDatabase } from '../database/migrate-database.js';
import { withReadModels } from './read-model-desk.js';

describe('emptying a read model', () => {
  let database: TestDatabase;
  let pool: Pool;
  beforeEach(async () => {
    database = await testDatabase();
    pool = new Pool({ connectionString: database.url, max: 1 });
    await migrateDatabase(database.url, () => undefined);
  });
  afterEach(async () => {
    await pool.end();
    await database.drop();
  });

  it('takes away the rows of the tables that there are, on a database of an older version as well', async () => {
    await pool.query(
      `INSERT INTO gateway.transcript_entries (workspace_id, run_id, entry_id, seq, step, attempt, entry)
       VALUES ('ws_default', 'run_1', 'e1', 1, 'build', 1, '{}')`,
    );
    await pool.query('DROP TABLE gateway.transcript_pieces');
    await withReadModels(database.url, async desk => {
      await desk.empty('projection/transcript');
      await desk.empty('projection/of-tomorrow');
    });
    expect((await pool.query('SELECT 1 FROM gateway.transcript_entries')).rows).toEqual([]);
  });
});

describe('rebuilding a read model', () => {
  const STEPS = 1_200;
  const BY = { kind: 'member', id: 'mem_ada' } as const;
  const AT = '2026-05-01T10:00:00.000Z';
  let database: TestDatabase;
  let home: string;
  const { RUNLEDGER_HOME: before } = process.env;
  beforeEach(async () => {
    database = await testDatabase();
    home = mkdtempSync(join(tmpdir(), 'runledger-desk-'));
    process.env['RUNLEDGER_HOME'] = home;
    await migrateDatabase(database.url, () => undefined);
  });
  afterEach(async () => {
    if (before === undefined) delete process.env['RUNLEDGER_HOME'];
    else process.env['RUNLEDGER_HOME'] = before;
    rmSync(home, { recursive: true });
    await database.drop();
  });

  it('reads events that are too large for the log where their content is', async () => {
    const step = { needs: [], onFailure: { then: 'FAIL' as const }, timeoutMs: 60_000, artifacts: [] };
    const steps = Array.from({ length: STEPS }, (_, n) => {
      return { ...step, key: `s${n}`, name: `Step ${n}`, command: { run: 'true '.repeat(200) } };
    });
    const { type, data } = RunStarted({
      ...{
        runId: 'run_1',
        flowId: 'flow_1',
        flowSlug: 'big',
        flowName: 'Big',
        flowVersion: 1,
        flowHash: 'a'.repeat(64),
      },
      ...{
        steps,
        parameters: {},
        startedBy: BY,
        trigger: { kind: 'manual' },
        requestHash: 'b'.repeat(64),
        startedAt: AT,
      },
      choices: { profile: 'local', execution: 'INTERACTIVE', checkpointMode: 'TEMPLATE' },
    });
    const story = { correlationId: 'run_1', causationId: 'run_1', actor: BY, workspaceId: 'ws_acme' };
    const event = { id: newUuid(), type, data, metadata: { ...story, occurredAt: AT, schemaVersion: 1 } };
    const store = createPostgresEventStore({ connectionString: database.url });
    const whole = new BigEvents(new FileBlobStore(join(home, 'blobs'))).around(store);
    await whole.append({ tenant: 'ws_acme', name: 'run-1' }, [event], 'no-stream');
    await store.close();
    await withReadModels(database.url, async desk => {
      await desk.rebuild('runs', () => undefined);
    });
    const pool = new Pool({ connectionString: database.url, max: 1 });
    const { rows } = await pool.query<{ steps: number }>('SELECT count(*)::int AS steps FROM gateway.run_steps');
    await pool.end();
    expect(rows).toEqual([{ steps: STEPS }]);
  });

  it('leaves no word to be found of a person who was erased', async () => {
    const pool = new Pool({ connectionString: database.url, max: 2 });
    const keys = new SubjectKeys(pool);
    const decided = ApprovalDecided({
      ...{
        requestId: 'apr_1',
        runId: 'run_1',
        step: 'deploy',
        kind: 'gate',
        decision: 'REJECT',
        how: 'PEOPLE',
        calls: [],
      },
      ...{ by: { ...BY, name: 'Ada' }, comment: 'Bring the quokka back.', shownHash: 'c'.repeat(64), decidedAt: AT },
    });
    const story = { correlationId: 'run_1', causationId: 'run_1', actor: BY, workspaceId: 'ws_acme' };
    const event = { id: newUuid(), ...decided, metadata: { ...story, occurredAt: AT, schemaVersion: 1 } };
    const store = createPostgresEventStore({ connectionString: database.url });
    const personal = personalStore(store, new PersonalData(keys, catalogue));
    await personal.append({ tenant: 'ws_acme', name: 'approval-1' }, [event], 'no-stream');
    await store.close();
    const texts = async () => {
      await withReadModels(database.url, async desk => void (await desk.rebuild('search', () => undefined)));
      return (await pool.query<object>('SELECT text, words::text FROM gateway.search_texts')).rows;
    };
    expect(await texts()).toMatchObject([{ text: 'Bring the quokka back.' }]);
    await keys.destroy({ workspaceId: 'ws_acme', subject: BY.id });
    expect(await texts()).toEqual([{ text: '[erased]', words: "'=run_1' '=ws_acme' 'erased':1A" }]);
    await withReadModels(database.url, async desk => {
      expect(await desk.verify(['search'], () => undefined)).toBe(true);
    });
    await pool.end();
  });
});
