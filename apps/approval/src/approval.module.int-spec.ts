import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Test } from '@nestjs/testing';
import { catalogue, Decide, GateReached } from '@runledger/contracts';
import { createPostgresEventStore, newUuid, PostgresCheckpoints } from '@runledger/event-store';
import { logDatabase } from '@runledger/event-store/testing';
import { gateId, streamOf } from '@runledger/kernel';
import { ReactorHost } from '@runledger/messaging';
import { COMMAND_CLIENT, FileBlobStore, PlatformModule } from '@runledger/platform';
import type { CommandClient } from '@runledger/platform';
import { eventually } from '@runledger/testing';
import { MemoryTimers } from '@runledger/timers';
import pg from 'pg';
import { readApprovalConfig } from './approval.config.js';
import { ApprovalModule } from './approval.module.js';

const WORKSPACE = 'ws_acme';
const AT = '2026-11-21T10:00:00.000Z';

describe('the approval service', () => {
  it('asks when a run reaches a gate, takes the decision, and stops with its process', async () => {
    const database = await logDatabase();
    const pool = new pg.Pool({ connectionString: database.url });
    const store = createPostgresEventStore({ connectionString: database.url });
    const folder = mkdtempSync(join(tmpdir(), 'runledger-approval-'));
    const platform = PlatformModule.register({
      store,
      checkpoints: new PostgresCheckpoints(pool),
      blobs: new FileBlobStore(folder),
      catalogue,
    });
    const vaultKeyFile = join(folder, 'vault.key');
    const notifications = { config: readApprovalConfig({}), database: pool, vaultKeyFile };
    const app = await Test.createTestingModule({
      imports: [platform, ApprovalModule.register({ ...notifications, timers: new MemoryTimers() })],
    }).compile();
    await app.init();
    const runId = `run_${newUuid()}`;
    const requestId = gateId(runId, 'deploy', 'before', 1);
    const { type, data } = GateReached({
      runId,
      step: 'deploy',
      gateId: requestId,
      position: 'before',
      origin: 'template',
      message: 'Go on?',
      terms: {
        policy: { count: 1, excludeStarter: false },
        onTimeout: 'FAIL',
        autoApproveInBackground: false,
      },
      startedBy: { kind: 'member', id: 'mem_0' },
      execution: 'INTERACTIVE',
      shown: { flow: 'Release', stepName: 'Deploy', upstream: [] },
      reachedAt: AT,
    });
    const actor = { kind: 'member', id: 'mem_ada' } as const;
    const story = { correlationId: runId, workspaceId: WORKSPACE, occurredAt: AT, actor };
    const metadata = { ...story, causationId: 'spec', schemaVersion: 1 };
    await store.append(
      { tenant: WORKSPACE, name: streamOf('run', runId) },
      [{ id: newUuid(), type, data, metadata }],
      'no-stream',
    );

    const client = app.get<CommandClient>(COMMAND_CLIENT, { strict: false });
    const outcome = await eventually(async () => {
      const answer = await client.send(Decide, { requestId, decision: 'APPROVE' }, { ...story, commandId: newUuid() });
      if (answer.status === 'refused') throw new Error(answer.refusal.message);
      return answer;
    });
    expect(outcome.output).toEqual({ requestId, runId, decision: 'APPROVE', votes: 1, needed: 1 });
    const reactors = app.get(ReactorHost, { strict: false });
    await app.close();
    expect(
      reactors
        .status()
        .map(({ name, state }) => [name, state])
        .sort(),
    ).toEqual([
      ['approval.deadlines', 'stopped'],
      ['approval.notices', 'stopped'],
      ['approval.requests', 'stopped'],
      ['approval.sender', 'stopped'],
    ]);
    await store.close();
    await pool.end();
    await database.drop();
    rmSync(folder, { recursive: true });
  });
});
