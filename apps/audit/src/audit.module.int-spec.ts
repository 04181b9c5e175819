import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Test } from '@nestjs/testing';
import { catalogue, ExportRun, RunDeclined } from '@runledger/contracts';
import { createPostgresEventStore, migrateEventStore, newUuid, PostgresCheckpoints } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';
import { COMMAND_CLIENT, FileBlobStore, PlatformModule } from '@runledger/platform';
import type { CommandClient } from '@runledger/platform';
import { testDatabase } from '@runledger/testing';
import pg from 'pg';
import { AuditModule } from './audit.module.js';

const WORKSPACE = 'ws_acme';
const AT = '2026-11-21T10:00:00.000Z';

describe('the audit service', () => {
  it('answers with the export of a run, and knows none of another workspace', async () => {
    const database = await testDatabase();
    const pool = new pg.Pool({ connectionString: database.url });
    await migrateEventStore(pool);
    const store = createPostgresEventStore({ connectionString: database.url });
    const folder = mkdtempSync(join(tmpdir(), 'runledger-audit-'));
    const platform = PlatformModule.register({
      store,
      checkpoints: new PostgresCheckpoints(pool),
      blobs: new FileBlobStore(folder),
      catalogue,
    });
    const app = await Test.createTestingModule({ imports: [platform, AuditModule.register()] }).compile();
    await app.init();
    const runId = `run_${newUuid()}`;
    const actor = { kind: 'member', id: 'mem_ada' } as const;
    const story = { correlationId: runId, workspaceId: WORKSPACE, occurredAt: AT, actor };
    const { type, data } = RunDeclined({
      runId,
      flow: 'release',
      code: 'FORBIDDEN',
      message: 'No.',
      details: [],
      requestedBy: actor,
      trigger: { kind: 'api' },
      declinedAt: AT,
    });
    const metadata = { ...story, causationId: 'spec', schemaVersion: 1 };
    await store.append(
      { tenant: WORKSPACE, name: streamOf('run', runId) },
      [{ id: newUuid(), type, data, metadata }],
      'no-stream',
    );

    const client = app.get<CommandClient>(COMMAND_CLIENT, { strict: false });
    const asked = { ...story, commandId: newUuid() };
    const outcome = await client.send(ExportRun, { runId }, asked);
    expect(outcome).toMatchObject({
      status: 'accepted',
      output: { lines: [expect.stringContaining('runledger.audit'), expect.stringContaining(type), expect.anything()] },
    });
    const foreign = await client.send(ExportRun, { runId }, { ...asked, workspaceId: 'ws_other' });
    expect(foreign).toMatchObject({ status: 'refused', refusal: { rejected: 'RUN_NOT_FOUND' } });
    await app.close();
    await store.close();
    await pool.end();
    await database.drop();
    rmSync(folder, { recursive: true });
  });
});
