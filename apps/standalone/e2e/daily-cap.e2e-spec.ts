import { Test, type TestingModule } from '@nestjs/testing';
import { BillingModule } from '@runledger/billing';
import { catalogue, PublishFlow, SandboxProfilePublished, StartRun, WorkspaceCreated } from '@runledger/contracts';
import type { Plan } from '@runledger/contracts';
import { createPostgresEventStore, newUuid, PostgresCheckpoints } from '@runledger/event-store';
import type { CommandContext, EventStore } from '@runledger/event-store';
import { logDatabase } from '@runledger/event-store/testing';
import type { DomainEvent } from '@runledger/kernel';
import { OrchestratorModule } from '@runledger/orchestrator';
import { COMMAND_CLIENT, PlatformModule, type BlobStore, type CommandClient } from '@runledger/platform';
import type { TestDatabase } from '@runledger/testing';
import { MemoryTimers } from '@runledger/timers';
import pg from 'pg';

const AT = '2026-11-21T10:00:00.000Z';
const actor = { kind: 'member', id: 'mem_ada' } as const;
const FLOW = 'slug: hello\ndefaults: { profile: plain }\nsteps: [{ key: say, run: "echo hello" }]';
const PROFILE = {
  slug: 'plain',
  name: 'Plain',
  isolation: 'none' as const,
  repositories: [],
  mounts: [],
  env: {},
  resourceClass: 'small',
  limits: { memoryBytes: 1, pids: 1, cpuPercent: 1, tmpBytes: 1, workspaceBytes: 1, outputBytes: 1 },
  network: 'none' as const,
};

/** Orchestrator and billing on a log that others write as well, as in a process of their own. */
interface Process {
  readonly app: TestingModule;
  readonly store: EventStore;
  readonly commands: CommandClient;
}

let database: TestDatabase;
let pool: pg.Pool;
const processes: Process[] = [];

beforeAll(async () => {
  database = await logDatabase();
  pool = new pg.Pool({ connectionString: database.url, max: 4 });
});

afterAll(async () => {
  for (const { app, store } of processes) {
    await app.close();
    await store.close();
  }
  await pool.end();
  await database.drop();
});

async function startProcess(wrap: (store: EventStore) => EventStore = store => store): Promise<Process> {
  const store = createPostgresEventStore({ connectionString: database.url });
  const platform = PlatformModule.register({
    store: wrap(store),
    checkpoints: new PostgresCheckpoints(pool),
    blobs: {} as BlobStore, // neither of the two keeps anything outside the log
    catalogue,
    owner: newUuid(),
    leases: { sharing: 'shared' },
  });
  const app = await Test.createTestingModule({
    imports: [platform, OrchestratorModule.register({ timers: new MemoryTimers() }), BillingModule.register()],
  }).compile();
  await app.init();
  const started = { app, store, commands: app.get<CommandClient>(COMMAND_CLIENT, { strict: false }) };
  processes.push(started);
  return started;
}

/** A workspace on a plan, with a profile and a flow. */
async function workspaceOn(plan: Plan, { store, commands }: Process): Promise<(at?: string) => CommandContext> {
  const key = newUuid().slice(-8);
  const workspaceId = `ws_${key}`;
  const ask = (occurredAt = AT): CommandContext => {
    const commandId = newUuid();
    return { commandId, workspaceId, actor, occurredAt, correlationId: commandId };
  };
  const tell = async (stream: string, { type, data }: DomainEvent) => {
    const metadata = { ...ask(), causationId: 'spec', schemaVersion: 1 };
    await store.append({ tenant: workspaceId, name: stream }, [{ id: newUuid(), type, data, metadata }], 'no-stream');
  };
  const workspace = { workspaceId, slug: key, name: key, plan, createdBy: actor, createdAt: AT };
  await tell(`workspace-${key}`, WorkspaceCreated(workspace));
  const profile = { profileId: 'prof_plain', slug: 'plain', version: 1, publishedBy: actor, publishedAt: AT };
  await tell('profile-plain', SandboxProfilePublished({ ...profile, definition: PROFILE }));
  expect((await commands.send(PublishFlow, { source: FLOW }, ask())).status).toBe('accepted');
  return ask;
}

const start = ({ commands }: Process, context: CommandContext, idempotencyKey?: string) =>
  commands.send(
    StartRun,
    {
      flow: 'hello',
      parameters: {},
      choices: {},
      trigger: { kind: 'manual' },
      ...(idempotencyKey !== undefined && { idempotencyKey }),
    },
    context,
  );

const refusalOf = (outcome: Awaited<ReturnType<typeof start>>) =>
  outcome.status === 'refused' ? outcome.refusal.rejected : 'none';

async function typesIn({ store }: Process, { workspaceId }: CommandContext, ...types: string[]): Promise<string[]> {
  const { events } = await store.readAll({ after: 0n, tenant: workspaceId, types, limit: 1_000 });
  return events.map(({ type }) => type);
}

describe('the runs that a plan lets start on one day', () => {
  it('are never exceeded: of 100 starts at once over two processes exactly 5 start, and 95 are told why not', async () => {
    const [one, two] = [await startProcess(), await startProcess()];
    const ask = await workspaceOn('free', one);
    const outcomes = await Promise.all(Array.from({ length: 100 }, (_, index) => start(index % 2 ? one : two, ask())));
    expect(outcomes.filter(({ status }) => status === 'accepted').length).toBe(5);
    expect(outcomes.filter(outcome => refusalOf(outcome) === 'DAILY_RUN_LIMIT').length).toBe(95);
    const written = await typesIn(one, ask(), 'RunStarted', 'RunDeclined', 'DailyRunReserved');
    const count = (type: string) => written.filter(one => one === type).length;
    expect([count('RunStarted'), count('DailyRunReserved'), count('RunDeclined')]).toEqual([5, 5, 95]);
    const tomorrow = await start(two, ask('2026-11-22T00:00:00.000Z'));
    expect(tomorrow.status).toBe('accepted');
  });

  it('count a request once, however often and wherever it is sent', async () => {
    const [one = await startProcess(), two = await startProcess()] = processes;
    const ask = await workspaceOn('free', one);
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, index) => start(index % 2 ? one : two, ask(), `order-${index % 4}`)),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 'accepted'));
    expect(await typesIn(one, ask(), 'RunStarted')).toHaveLength(4);
    expect((await start(one, ask())).status).toBe('accepted');
    expect(refusalOf(await start(two, ask()))).toBe('DAILY_RUN_LIMIT');
    expect((await start(two, ask(), 'order-1')).status).toBe('accepted'); // that run is there already
  });

  it('are kept for a start whose process died before it began the run; sent again it takes that place', async () => {
    const [one = await startProcess()] = processes;
    const ask = await workspaceOn('free', one);
    const dying = await startProcess(store => ({
      ...boundTo(store),
      append: (stream, events, expected) =>
        stream.name.startsWith('run-')
          ? Promise.reject(new Error('The process is gone.'))
          : store.append(stream, events, expected),
    }));
    const lost = ask();
    await expect(start(dying, lost, 'lost')).rejects.toThrow('The process is gone.');
    expect(await typesIn(one, lost, 'RunStarted', 'DailyRunReserved')).toEqual(['DailyRunReserved']);
    const others = await Promise.all(Array.from({ length: 5 }, () => start(one, ask())));
    expect(others.filter(({ status }) => status === 'accepted')).toHaveLength(4);
    expect(await start(one, ask(), 'lost')).toMatchObject({ status: 'accepted', output: { created: true } });
    expect(await typesIn(one, lost, 'RunStarted')).toHaveLength(5);
  });
});

function boundTo(store: EventStore): EventStore {
  return {
    append: (...asked) => store.append(...asked),
    readStream: (...asked) => store.readStream(...asked),
    readAll: asked => store.readAll(asked),
    subscribe: asked => store.subscribe(asked),
    head: () => store.head(),
    settled: () => store.settled(),
    identity: () => store.identity(),
    deleteStream: (...asked) => store.deleteStream(...asked),
    tombstoneStream: (...asked) => store.tombstoneStream(...asked),
    close: () => store.close(),
  };
}
