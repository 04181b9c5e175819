import { Test, type TestingModule } from '@nestjs/testing';
import {
  ApprovalDecided,
  AttemptEnded,
  AttemptStarted,
  catalogue,
  CheckBudget,
  ReserveDailyRun,
  SandboxProfilePublished,
  type GateDecision,
} from '@runledger/contracts';
import {
  createPostgresEventStore,
  newUuid,
  PostgresCheckpoints,
  type CommandContext,
  type EventStore,
  type RecordedEvent,
} from '@runledger/event-store';
import { attemptId, keyOf, streamOf, type DomainEvent } from '@runledger/kernel';
import {
  COMMAND_CLIENT,
  CommandRegistry,
  PlatformModule,
  type BlobStore,
  type CommandClient,
} from '@runledger/platform';
import { eventually, FakeClock } from '@runledger/testing';
import { MemoryTimers, type TimerHost } from '@runledger/timers';
import pg from 'pg';
import { OrchestratorModule, type OrchestratorOptions } from './orchestrator.module.js';

export const WORKSPACE = 'ws_acme';
export const AT = '2026-03-01T10:00:00.000Z';
export const ada = { kind: 'member', id: 'mem_ada', name: 'Ada' } as const;

type Ended = ReturnType<typeof AttemptEnded>['data'];

/** The orchestrator as it is shipped, in a process of its own as far as the database can tell. */
export class OrchestratorProcess {
  private constructor(
    private readonly app: TestingModule,
    private readonly pool: pg.Pool,
    readonly store: EventStore,
    private readonly workspaceId = WORKSPACE,
  ) {}

  /** `timers`: virtual ones unless others are given. */
  static async start(
    databaseUrl: string,
    timers: (pool: pg.Pool) => TimerHost = () => new MemoryTimers(),
    blobs = {} as BlobStore, // only what is too large for the log lies there
    own: Pick<OrchestratorOptions, 'functions' | 'callsAtATime'> = {},
  ): Promise<OrchestratorProcess> {
    const pool = new pg.Pool({ connectionString: databaseUrl, max: 4 });
    const store = createPostgresEventStore({ connectionString: databaseUrl });
    const platform = PlatformModule.register({
      store,
      checkpoints: new PostgresCheckpoints(pool),
      blobs,
      catalogue,
      clock: new FakeClock(AT),
      owner: newUuid(),
    });
    const imports = [
      platform,
      OrchestratorModule.register({
        connectedProviders: ['anthropic'],
        available: { environments: ['test-lab'] },
        ...own,
        timers: timers(pool),
      }),
    ];
    const app = await Test.createTestingModule({ imports }).compile();
    // Billing is another service; here it lets every run start.
    const allowed = { plan: 'business', resetsAt: AT } as const;
    const commands = app.get(CommandRegistry);
    commands.answer(ReserveDailyRun, () =>
      Promise.resolve({ status: 'accepted', output: allowed, position: undefined }),
    );
    commands.answer(CheckBudget, () => Promise.resolve({ status: 'accepted', output: {}, position: undefined }));
    await app.init();
    return new OrchestratorProcess(app, pool, store);
  }

  get commands(): CommandClient {
    return this.app.get<CommandClient>(COMMAND_CLIENT);
  }

  /** The same process, as it is seen from another workspace. */
  seenFrom(workspaceId: string): OrchestratorProcess {
    return new OrchestratorProcess(this.app, this.pool, this.store, workspaceId);
  }

  async stop(): Promise<void> {
    await this.app.close();
    await this.store.close();
    await this.pool.end();
  }

  /** Waits until the run has an event of this type (for this step). */
  async until(runId: string, type: string, step?: string): Promise<RecordedEvent> {
    return eventually(async () => {
      const found = (await this.eventsOf(runId)).find(
        event => event.type === type && (step === undefined || (event.data as { step?: string }).step === step),
      );
      if (!found) throw new Error(`${runId} has no ${type} ${step ?? ''} yet.`);
      return found;
    });
  }

  async eventsOf(runId: string): Promise<readonly RecordedEvent[]> {
    return (await this.store.readStream({ tenant: this.workspaceId, name: streamOf('run', runId) })).events;
  }

  /** What a sandbox writes when it works on a step. */
  async attempt(runId: string, step: string, end: Partial<Ended> = {}): Promise<void> {
    const attempt = end.attempt ?? 1;
    const id = attemptId(runId, step, attempt);
    const place = { attemptId: id, runId, step, attempt };
    const started = AttemptStarted({
      ...place,
      kind: 'command',
      profile: 'plain',
      profileVersion: 1,
      driver: 'spec',
      worker: 'spec',
      startedAt: AT,
    });
    const ended = AttemptEnded({
      ...place,
      outcome: 'SUCCESS',
      cancelled: false,
      turns: 0,
      elapsedMs: 1,
      endedAt: AT,
      ...end,
    });
    await this.append(streamOf('attempt', id), runId, started, ended);
  }

  /** What the approval service writes when people decide. */
  async decide(runId: string, step: string, decision: GateDecision): Promise<void> {
    const requestId = `apr_${keyOf(runId)}.${step}.before.1`;
    const decided = ApprovalDecided({
      ...{ requestId, runId, step, decision, by: ada, shownHash: 'x', decidedAt: AT },
      ...{ kind: 'gate', how: 'PEOPLE', calls: [] },
    });
    await this.append(streamOf('approval', requestId), runId, decided);
  }

  /** What the sandbox service writes when someone publishes a profile. */
  async publishProfile(slug: string): Promise<void> {
    const definition = {
      slug,
      name: slug,
      isolation: 'none',
      repositories: [],
      mounts: [],
      env: {},
      resourceClass: 'small',
      limits: { memoryBytes: 1, pids: 1, cpuPercent: 1, tmpBytes: 1, workspaceBytes: 1, outputBytes: 1 },
      network: 'none',
    } as const;
    const data = { profileId: `prof_${slug}`, slug, version: 1, publishedBy: ada, publishedAt: AT };
    const published = SandboxProfilePublished({ ...data, definition: { ...definition, repositories: [], mounts: [] } });
    await this.append(`profile-${slug}`, 'spec', published);
  }

  append(stream: string, correlationId: string, ...events: DomainEvent[]): Promise<void> {
    return this.appendAt(AT, stream, correlationId, ...events);
  }

  /** The same when it happened at another time. */
  async appendAt(occurredAt: string, stream: string, correlationId: string, ...events: DomainEvent[]): Promise<void> {
    const metadata = {
      correlationId,
      causationId: 'spec',
      actor: { kind: 'service', id: 'spec' },
      workspaceId: this.workspaceId,
      occurredAt,
      schemaVersion: 1,
    } as const;
    const recorded = events.map(({ type, data }) => ({ id: newUuid(), type, data, metadata }));
    const outcome = await this.store.append({ tenant: this.workspaceId, name: stream }, recorded, 'any');
    if (outcome.status !== 'appended') throw new Error(`${stream} took nothing: ${outcome.status}`);
  }
}

/** Ada asks for something. */
export function adaAsks(commandId = newUuid(), workspaceId = WORKSPACE): CommandContext {
  return { commandId, workspaceId, actor: ada, occurredAt: AT, correlationId: commandId };
}
