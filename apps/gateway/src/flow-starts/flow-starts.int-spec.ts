import { readFileSync } from 'node:fs';
import { RunStarted } from '@runledger/contracts';
import { recordedEvents, readModelOptions, migrateReadModels, specifyProjection } from '@runledger/projections';
import { eventually, testDatabase } from '@runledger/testing';
import type { TestDatabase } from '@runledger/testing';
import { DataSource } from 'typeorm';
import { testGateway } from '../gateway.fixture.js';
import type { TestGateway } from '../gateway.fixture.js';
import { FlowStartsModule } from './flow-starts-module.fixture.js';
import { flowStarts } from './flow-starts-projection.fixture.js';
import { FLOW_STARTS_SDL } from './flow-starts-resolver.fixture.js';
import { CreateFlowStarts1763700009001 } from './flow-starts-tables.fixture.js';

const example = new URL('../../../../libs/contracts/stored/RunStarted.v1.json', import.meta.url);
type Started = ReturnType<typeof RunStarted>['data'];
const { data: stored } = JSON.parse(readFileSync(example, 'utf8')) as { data: Started };
const started = (flowSlug: string, startedAt: string) => RunStarted({ ...stored, flowSlug, startedAt });
const TEA = started('make-tea', '2026-05-01T12:00:00.000Z');
const AGAIN = started('make-tea', '2026-05-02T12:00:00.000Z');
const BREAD = started('bake-bread', '2026-05-03T12:00:00.000Z');

describe('how often flows are started, as the tutorial builds it', () => {
  let database: TestDatabase;
  let gateway: TestGateway | undefined;

  beforeEach(async () => {
    database = await testDatabase();
  });
  afterEach(async () => {
    await gateway?.close();
    gateway = undefined;
    await database.drop();
  });

  it('is counted per flow', async () => {
    const rows = new DataSource(
      readModelOptions({
        url: database.url,
        schema: 'flow_starts',
        entities: [],
        migrations: [CreateFlowStarts1763700009001],
      }),
    );
    try {
      await migrateReadModels(rows);
      await specifyProjection(
        flowStarts,
        rows,
      )(...recordedEvents([TEA, BREAD, AGAIN])).thenRows(
        { key: 'ws_spec/bake-bread', starts: 1 },
        { key: 'ws_spec/make-tea', starts: 2 },
      );
    } finally {
      await rows.destroy();
    }
  });

  it('is a field of the API: for who may read flows, of their own workspace', async () => {
    gateway = await testGateway({ modulesOn: url => [FlowStartsModule.register(url)], typeDefs: [FLOW_STARTS_SDL] });
    const [ada, eve] = [await gateway.tokenFor('ws_1', 'mem_ada'), await gateway.tokenFor('ws_2', 'mem_eve', [])];
    await gateway.tell({ workspaceId: 'ws_1', stream: 'run-1', runId: stored.runId }, TEA, AGAIN, BREAD);
    const asked = '{ flowStarts { slug starts lastStartedAt } }';
    const expected = [
      { slug: 'make-tea', starts: 2, lastStartedAt: '2026-05-02T12:00:00.000Z' },
      { slug: 'bake-bread', starts: 1, lastStartedAt: '2026-05-03T12:00:00.000Z' },
    ];
    const api = gateway;
    await eventually(async () => expect((await api.graphql(ada, asked)).data).toEqual({ flowStarts: expected }));
    expect((await api.graphql(eve, asked)).errors?.[0]?.extensions.code).toBe('FORBIDDEN');
  });
});
