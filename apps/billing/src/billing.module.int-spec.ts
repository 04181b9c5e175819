import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Test } from '@nestjs/testing';
import { catalogue, PublishRateCard, WorkspaceCreated } from '@runledger/contracts';
import { createPostgresEventStore, newUuid, PostgresCheckpoints } from '@runledger/event-store';
import { logDatabase } from '@runledger/event-store/testing';
import { ReactorHost } from '@runledger/messaging';
import { COMMAND_CLIENT, FileBlobStore, PlatformModule } from '@runledger/platform';
import type { CommandClient } from '@runledger/platform';
import { eventually } from '@runledger/testing';
import pg from 'pg';
import { BillingModule } from './billing.module.js';
import { defaultCardAt } from './rate-cards/default-rate-card.js';

const WORKSPACE = 'ws_acme';
const AT = '2026-11-21T10:00:00.000Z';

describe('the billing service', () => {
  it('prices a new workspace by the shipped card, then by the one that it publishes', async () => {
    const database = await logDatabase();
    const pool = new pg.Pool({ connectionString: database.url });
    const store = createPostgresEventStore({ connectionString: database.url });
    const folder = mkdtempSync(join(tmpdir(), 'runledger-billing-'));
    const platform = PlatformModule.register({
      store,
      checkpoints: new PostgresCheckpoints(pool),
      blobs: new FileBlobStore(folder),
      catalogue,
    });
    const app = await Test.createTestingModule({ imports: [platform, BillingModule.register()] }).compile();
    await app.init();
    const actor = { kind: 'system', id: 'spec' } as const;
    const story = { correlationId: 'spec', workspaceId: WORKSPACE, occurredAt: AT, actor };
    const { type, data } = WorkspaceCreated({
      workspaceId: WORKSPACE,
      slug: 'acme',
      name: 'Acme',
      plan: 'free',
      createdBy: actor,
      createdAt: AT,
    });
    const metadata = { ...story, causationId: 'spec', schemaVersion: 1 };
    await store.append(
      { tenant: WORKSPACE, name: 'workspace-acme' },
      [{ id: newUuid(), type, data, metadata }],
      'no-stream',
    );
    await eventually(async () => {
      const { events } = await store.readStream({ tenant: WORKSPACE, name: 'ratecard-default' });
      return events.length === 1;
    });

    const client = app.get<CommandClient>(COMMAND_CLIENT, { strict: false });
    const own = { card: { ...defaultCardAt(AT), models: [] }, effectiveFrom: AT };
    const outcome = await client.send(PublishRateCard, own, { ...story, commandId: newUuid() });
    expect(outcome).toMatchObject({ status: 'accepted', output: { version: 2, created: true } });
    const reactors = app.get(ReactorHost, { strict: false });
    await app.close();
    expect(reactors.status().map(({ name, state }) => [name, state])).toEqual([
      ['billing.default-rate-card', 'stopped'],
      ['billing.usage', 'stopped'],
      ['billing.priced-calls', 'stopped'],
    ]);
    await store.close();
    await pool.end();
    await database.drop();
    rmSync(folder, { recursive: true });
  });
});
