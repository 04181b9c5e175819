import {
  BudgetOpened,
  BudgetReserved,
  BudgetSet,
  BudgetSettled,
  BudgetThresholdReached,
  EventTriggerCreated,
  IntegrationConnected,
  IntegrationFailed,
  AgentSessionOpened,
  AgentText,
  CallAutoResolved,
  ChannelAdded,
  DEFAULT_LIMITS,
  GrantMade,
  NoticeQueued,
  SandboxProfilePublished,
  ScheduleCreated,
  SkillVersionPublished,
  ToolCallEnded,
  ToolCallStarted,
  ToolOutput,
  UsageRecorded,
  WebhookCreated,
  WorkspaceSnapshotsExpired,
  catalogue,
} from '@runledger/contracts';
import type { RecordedEvent } from '@runledger/event-store';
import { attemptId } from '@runledger/kernel';
import type { DataSource } from 'typeorm';
import { testGateway, type TestGateway } from '../gateway.fixture.js';
import { announced } from '../runs/function-story.fixture.js';
import { at, BY, published, story, upToTheGate } from '../runs/run-story.fixture.js';
import { READ_MODEL_SOURCE } from './read-model-source.js';
import { PROJECTIONS } from './projection-list.js';
import { ReadModels } from './read-models.js';

const RUNS = ['run_0198f3a0-0000-7000-8000-300000000001', 'run_0198f3a0-0000-7000-8000-300000000002'];

/** Every row of the schema as text, in a fixed order. */
async function dump(rows: DataSource): Promise<Record<string, readonly string[]>> {
  const contents: Record<string, readonly string[]> = {};
  for (const table of PROJECTIONS.flatMap(projection => projection.tables)) {
    const found = await rows.query<{ row: string }[]>(`SELECT t::text AS row FROM ${table} t ORDER BY 1`);
    contents[table] = found.map(({ row }) => row);
  }
  return contents;
}

async function tellNotifications(gateway: TestGateway): Promise<void> {
  const channelId = 'chn_5f0c2a52-7d1e-8a44-9b61-0b1d3f9a7c22';
  const noticeId = 'ntc_9a4e1c70-33b2-8f15-8c0a-6d2e7b5f4a10';
  const place = { workspaceId: 'ws_acme', stream: 'channels-acme' };
  const channel = { channelId, name: 'Releases', kind: 'SLACK' as const, settings: {}, about: ['GATE' as const] };
  await gateway.tell(place, ChannelAdded({ ...channel, by: BY, addedAt: at(0) }));
  const queued = NoticeQueued({ noticeId, channelId, kind: 'SLACK', news: 'REQUESTED', queuedAt: at(1) });
  await gateway.tell({ workspaceId: 'ws_acme', stream: 'notice-1' }, queued);
}

async function tellEverything(gateway: TestGateway): Promise<void> {
  await gateway.tokenFor('ws_acme', 'mem_ada');
  await gateway.tell({ workspaceId: 'ws_acme', stream: 'flow-release' }, published(), published(2));
  const definition = {
    slug: 'local',
    name: 'Local',
    isolation: 'none' as const,
    repositories: [],
    mounts: [],
    env: {},
    resourceClass: 'small',
    limits: DEFAULT_LIMITS,
    network: 'none' as const,
  };
  const profile = {
    profileId: 'prof_local',
    slug: 'local',
    version: 1,
    definition,
    publishedBy: BY,
    publishedAt: at(0),
  };
  await gateway.tell({ workspaceId: 'ws_acme', stream: 'profile-local' }, SandboxProfilePublished(profile));
  const start = { flow: 'release', parameters: {}, choices: {} };
  const schedule = ScheduleCreated({
    ...{ scheduleId: 'sched_1', name: 'Nightly', expression: '0 3 * * *', start, createdBy: BY, createdAt: at(0) },
    ...{ recurrence: { cron: '0 3 * * *', timeZone: 'UTC' }, catchUp: { policy: 'ONE', max: 1 }, nextFireAt: at(9) },
  });
  await gateway.tell({ workspaceId: 'ws_acme', stream: 'schedule-1' }, schedule);
  const webhook = WebhookCreated({
    ...{ webhookId: 'hook_1', name: 'CI', kind: 'GENERIC', start, mapping: {}, actions: [] },
    ...{ createdBy: BY, createdAt: at(0) },
  });
  await gateway.tell({ workspaceId: 'ws_acme', stream: 'webhook-1' }, webhook);
  const waiting = { triggerId: 'trig_1', name: 'Again', event: 'RunFailed', mapping: {}, start };
  const trigger = EventTriggerCreated({ ...waiting, createdBy: BY, createdAt: at(0) });
  await gateway.tell({ workspaceId: 'ws_acme', stream: 'trigger-ws_acme' }, trigger);
  const ledger = { kind: 'WORKSPACE', id: 'ws_acme', month: '2026-05' } as const;
  const limit = { limitMicroUnits: 9_000, currency: 'USD' };
  const terms = {
    budgetId: 'bud_1',
    scope: { kind: 'WORKSPACE' as const },
    unpriced: 'REFUSE' as const,
    notifyAtPercent: [50],
  };
  const budgets = { workspaceId: 'ws_acme', stream: 'budget-limits-acme' };
  await gateway.tell(budgets, BudgetSet({ ...terms, ...limit, setBy: BY, setAt: at(0) }));
  await gateway.tell(
    { workspaceId: 'ws_acme', stream: 'budget-workspace-acme-2026-05' },
    BudgetOpened({ ledger, spentMicroUnits: 7, countedTo: '1', openedAt: at(0) }),
    BudgetReserved({
      ...{ ledger, callId: 'c1', runId: 'run_1', step: 'build', attempt: 1 },
      ...{ amountMicroUnits: 5_000, limitMicroUnits: 9_000, reservedAt: at(1) },
    }),
    BudgetSettled({
      ...{ ledger, chargeId: 'chg_1', callId: 'c1', runId: 'run_1', assumed: false },
      ...{ amountMicroUnits: 4_600, reservedMicroUnits: 5_000, settledAt: at(2) },
    }),
    BudgetThresholdReached({ ledger, percent: 50, spentMicroUnits: 4_607, ...limit, reachedAt: at(2) }),
  );
  const connected = IntegrationConnected({
    ...{ name: 'claude', kind: 'anthropic', settings: {}, secrets: ['apiKey'], by: BY, connectedAt: at(0) },
  });
  const failed = IntegrationFailed({ name: 'claude', code: 'auth', message: 'Refused.', failedAt: at(1) });
  await gateway.tell({ workspaceId: 'ws_acme', stream: 'integration-acme' }, connected, failed);
  const skill = SkillVersionPublished({
    ...{ skillId: 'skill_review', slug: 'review', version: 1, hash: 'cafe', publishedBy: BY, publishedAt: at(0) },
    definition: { slug: 'review', name: 'Review', instructions: 'Be strict.' },
  });
  await gateway.tell({ workspaceId: 'ws_acme', stream: 'skill-review' }, skill);
  await tellNotifications(gateway);
  const [runId = '', calling = ''] = RUNS;
  await gateway.tell({ workspaceId: 'ws_solo', stream: 'run-functions', runId }, ...announced(runId));
  const called = announced(calling).slice(0, 3); // which have not returned yet
  await gateway.tell({ workspaceId: 'ws_solo', stream: 'run-calling', runId: calling }, ...called);
  for (const workspaceId of ['ws_acme', 'ws_other']) {
    for (const runId of RUNS) {
      const run = story(runId);
      await gateway.tell(
        { workspaceId, stream: `run-${runId}`, runId },
        ...upToTheGate(runId),
        run.decided(),
        run.resolved(),
      );
      const place = { attemptId: attemptId(runId, 'build', 1), runId, step: 'build', attempt: 1 };
      const call = { ...place, callId: 'c1', tool: 'bash' };
      const said = [
        AgentSessionOpened({
          ...place,
          sessionId: 's1',
          program: 'Cloud agent',
          url: 'https://example.com/s1',
          at: at(1),
        }),
        AgentText({ ...place, entryId: 'e1', text: 'One, ', at: at(1) }),
        ToolCallStarted({ ...call, arguments: {}, at: at(2) }),
        AgentText({ ...place, entryId: 'e1', text: 'two.', at: at(3) }),
        ToolOutput({ ...place, callId: 'c1', channel: 'stdout', text: 'out', at: at(3) }),
        ToolCallEnded({ ...call, state: 'ok', output: 'out', durationMs: 5, at: at(4) }),
        CallAutoResolved({
          ...call,
          grantId: 'grant_1',
          scope: 'run',
          grantedBy: BY,
          at: at(2),
        }),
        UsageRecorded({
          ...place,
          usageId: 'u1',
          usage: { kind: 'compute', resourceClass: 'small', milliseconds: 4 },
          at: at(4),
        }),
        run.kept('build', 'a.txt', { sha256: 'd'.repeat(64), bytes: 3 }),
        run.snapshot('build', { sha256: 'e'.repeat(64), bytes: 40 }),
        WorkspaceSnapshotsExpired({ runId, expiredAt: at(9) }),
        run.ended(),
        AgentText({ ...place, entryId: 'e2', text: 'Three, and', at: at(9) }),
      ];
      await gateway.tell({ workspaceId, stream: `attempt-${runId}`, runId }, ...said);
      const grant = { grantId: `grant_${runId}`, scope: 'run' as const, runId, requestId: 'apr_1', tool: 'bash' };
      await gateway.tell(
        { workspaceId, stream: `grants-${runId}`, runId },
        GrantMade({ ...grant, by: BY, madeAt: at(2) }),
      );
    }
  }
}

describe('the read models', () => {
  let gateway: TestGateway;
  let rows: DataSource;
  beforeAll(async () => {
    gateway = await testGateway();
    rows = gateway.app.get<DataSource>(READ_MODEL_SOURCE);
    await tellEverything(gateway);
  });
  afterAll(() => gateway.close());

  const everything = async (): Promise<readonly RecordedEvent[]> => {
    const { events } = await gateway.store.readAll({ after: 0n, limit: 1_000 });
    return events.map(event => ({
      ...event,
      data: catalogue.upcast(event.type, event.metadata.schemaVersion, event.data),
    }));
  };

  it('do not change when all facts come a second time (R1)', async () => {
    const before = await dump(rows);
    expect(
      Object.entries(before)
        .filter(([, table]) => table.length === 0)
        .map(([name]) => name),
    ).toEqual([]);
    const events = await everything();
    for (const projection of PROJECTIONS) {
      const own = events.filter(event => projection.types.includes(event.type));
      await rows.transaction(manager => projection.apply(own, manager));
    }
    expect(await dump(rows)).toEqual(before);
  });

  it('come back byte for byte when they are thrown away and built again, in batches of any size (P2)', async () => {
    const before = await dump(rows);
    const events = await everything();
    for (const size of [1, 7, 1_000]) {
      for (const projection of PROJECTIONS) {
        await rows.query(`TRUNCATE ${projection.tables.join(', ')}`);
        const own = events.filter(event => projection.types.includes(event.type));
        for (let from = 0; from < own.length; from += size) {
          await rows.transaction(manager => projection.apply(own.slice(from, from + size), manager));
        }
      }
      expect(await dump(rows)).toEqual(before);
    }
  });

  it('keep runs with the same id apart when they belong to different workspaces (G2)', async () => {
    const found = await rows.query<{ workspace_id: string; number: number }[]>(
      'SELECT workspace_id, number FROM run_numbers ORDER BY 1, 2',
    );
    expect(found.map(row => `${row.workspace_id} ${row.number}`)).toEqual([
      'ws_acme 1',
      'ws_acme 2',
      'ws_other 1',
      'ws_other 2',
      'ws_solo 1',
      'ws_solo 2',
    ]);
  });

  it('say so when one has stopped: health turns red, and whoever waits is told', async () => {
    const broken = await testGateway();
    const token = await broken.tokenFor('ws_acme', 'mem_ada');
    const { type } = story('run_x').started();
    const metadata = {
      correlationId: 'run_x',
      causationId: 'x',
      actor: BY,
      workspaceId: 'ws_acme',
      occurredAt: at(0),
      schemaVersion: 1,
    };
    const poison = { id: crypto.randomUUID(), type, data: { steps: 'none' }, metadata };
    const outcome = await broken.store.append({ tenant: 'ws_acme', name: 'run-x' }, [poison], 'any');
    if (outcome.status !== 'appended') throw new TypeError(outcome.status);
    await expect(broken.app.get(ReadModels).reach(outcome.position, ['runs'])).rejects.toMatchObject({
      code: 'READ_MODEL_FAULTED',
    });
    const ready = await fetch(`${broken.url}/health/ready`);
    const health = (await ready.json()) as { projections: { name: string; state: string; fault?: object }[] };
    expect(ready.status).toBe(503);
    expect(health.projections.find(one => one.name === 'runs')).toMatchObject({
      state: 'faulted',
      fault: { eventType: 'RunStarted' },
    });
    const position = outcome.position.toString().padStart(19, '0');
    const answer = await broken.graphql(token, '{ viewer { member { id } } }', {}, { 'x-at-least-position': position });
    expect([answer.status, answer.errors?.[0]?.extensions.code]).toEqual([503, 'READ_MODEL_FAULTED']);
    await broken.close();
  });
});
