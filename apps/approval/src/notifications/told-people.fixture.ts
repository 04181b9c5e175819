import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { AddChannel, catalogue, GateReached, noticeEvents, RunStarted } from '@runledger/contracts';
import type { CommandDefinition, InputOf, NoticeEvent } from '@runledger/contracts';
import {
  CommandHandler,
  createPostgresEventStore,
  migrateSchema,
  newUuid,
  PostgresCheckpoints,
} from '@runledger/event-store';
import type { Actor, CommandContext, EventStore } from '@runledger/event-store';
import { logDatabase } from '@runledger/event-store/testing';
import { gateId, streamOf } from '@runledger/kernel';
import type { DomainEvent } from '@runledger/kernel';
import { ReactorHost, storeDirect } from '@runledger/messaging';
import type { RunningConsumer } from '@runledger/messaging';
import { CommandRegistry, FileKeys, InProcessCommands, Vault } from '@runledger/platform';
import { eventually } from '@runledger/testing';
import { MemoryTimers } from '@runledger/timers';
import pg from 'pg';
import { APPROVAL_SCHEMA } from '../approval-tables.js';
import { readApprovalConfig } from '../approval.config.js';
import { Approval } from '../approval.js';
import { DyingStore } from './dying-store.fixture.js';

export const WORKSPACE = 'ws_acme';
export const START_AT = '2026-11-21T10:00:00.000Z';
const STARTER = { kind: 'member', id: 'mem_0', name: 'Olga' } as const;
const SERVICE = { kind: 'service', id: 'orchestrator' } as const;

export const member = (name: string): Actor => ({ kind: 'member', id: `mem_${name}`, name, via: 'token' });

/** The approval service on real PostgreSQL and on time that the spec moves, with whatever is told to people. */
export async function toldPeople(environment: Readonly<Record<string, string>> = {}) {
  const database = await logDatabase();
  const pool = new pg.Pool({ connectionString: database.url });
  const log = new DyingStore(createPostgresEventStore({ connectionString: database.url }));
  const { store } = log;
  const folder = mkdtempSync(join(tmpdir(), 'runledger-told-'));
  const timers = new MemoryTimers({ now: START_AT });
  const config = readApprovalConfig({ NOTIFY_PRIVATE_NETWORKS: '127.0.0.1', ...environment });
  const world = { pool, store, timers, folder, config };
  const lives: Life[] = [await begin(world)];
  return {
    ...{ pool, store, timers },
    live: () => lives.at(-1)!,
    /** The process dies without a word, and another one takes its place. */
    async restart(): Promise<void> {
      const stopped = lives.at(-1)!.host.stop();
      log.bury();
      await stopped;
      lives.push(await begin(world));
    },
    /** The process is killed in the moment in which it wants to write this down: what it did before is done. */
    diesBefore: (type: NoticeEvent['type']) => log.diesBefore(type),
    hasDied: () => log.hasDied(),
    async close(): Promise<void> {
      await lives.at(-1)!.host.stop();
      await store.close();
      await pool.end();
      await database.drop();
      rmSync(folder, { recursive: true });
    },
  };
}

interface World {
  readonly pool: pg.Pool;
  readonly store: EventStore;
  readonly timers: MemoryTimers;
  readonly folder: string;
  readonly config: ReturnType<typeof readApprovalConfig>;
}

async function begin({ pool, store, timers, folder, config }: World) {
  const vault = new Vault(pool, new FileKeys(join(folder, 'vault.key')), 'approval.vault');
  const notifications = { config, vault, prepare: () => migrateSchema(pool, APPROVAL_SCHEMA) };
  const approval = new Approval({ store, handler: new CommandHandler(store), clock: timers, timers, notifications });
  await approval.prepare();
  const registry = new CommandRegistry();
  approval.answer(registry);
  await timers.start(approval.timerKinds());
  const host = new ReactorHost(storeDirect(store), new PostgresCheckpoints(pool), catalogue, { owner: newUuid() });
  const running: RunningConsumer[] = [];
  for (const reactor of approval.reactors()) running.push(await host.start(reactor));
  return { host, running, commands: new InProcessCommands(registry) };
}

type Life = Awaited<ReturnType<typeof begin>>;
export type ToldPeople = Awaited<ReturnType<typeof toldPeople>>;

/** What people and other services do to it. */
export class Story {
  constructor(private readonly world: ToldPeople) {}

  context(actor: Actor, workspaceId = WORKSPACE): CommandContext {
    const commandId = newUuid();
    return { commandId, workspaceId, actor, occurredAt: this.world.timers.now(), correlationId: commandId };
  }

  send<Input, Output, Code extends string>(
    command: CommandDefinition<Input, Output, Code>,
    input: NoInfer<Input>,
    context = this.context(member('admin')),
  ) {
    return this.world.live().commands.send(command, input, context);
  }

  async addChannel(
    input: InputOf<typeof AddChannel>,
  ): Promise<{ channelId: string; signingSecret?: string | undefined }> {
    const outcome = await this.send(AddChannel, input);
    if (outcome.status === 'refused') throw new Error(outcome.refusal.message);
    return outcome.output;
  }

  /** Resolves when it is in the log: nobody has dealt with it yet. */
  async tell(stream: string, correlationId: string, ...events: readonly DomainEvent[]): Promise<void> {
    const metadata = {
      ...{ correlationId, causationId: 'spec', actor: SERVICE, workspaceId: WORKSPACE, schemaVersion: 1 },
      occurredAt: this.world.timers.now(),
    };
    const made = events.map(({ type, data }) => ({ id: newUuid(), type, data, metadata }));
    await this.world.store.append({ tenant: WORKSPACE, name: stream }, made, 'any');
  }

  async runAtTheGate(policy: object = { count: 1, excludeStarter: false }) {
    const runId = `run_${newUuid()}`;
    const requestId = gateId(runId, 'deploy', 'before', 1);
    const now = this.world.timers.now();
    await this.tell(streamOf('run', runId), runId, started(runId, now), reached(runId, requestId, { policy, now }));
    return { runId, requestId };
  }

  /** What became of the notices about a run, the oldest event first. */
  async notices(correlationId: string): Promise<readonly NoticeEvent[]> {
    const types = noticeEvents.map(({ type }) => type);
    const { events } = await this.world.store.readAll({ tenant: WORKSPACE, correlationId, types, after: 0n });
    return events as unknown as readonly NoticeEvent[];
  }

  /** Resolves when the approval service has made a request of it: it happened before whatever comes next. */
  async requested(requestId: string): Promise<void> {
    const stream = { tenant: WORKSPACE, name: streamOf('approval', requestId) };
    await eventually(async () => (await this.world.store.readStream(stream)).events.length > 0);
  }

  async noticed(correlationId: string, ...types: readonly string[]): Promise<readonly NoticeEvent[]> {
    return eventually(async () => {
      const found = await this.notices(correlationId);
      const seen = found.map(({ type }) => type);
      if (JSON.stringify(seen) === JSON.stringify(types)) return found;
      throw new Error(`${seen.join(', ')} instead of ${types.join(', ')}`);
    });
  }

  /** Waits until a retry is planned, and lets that much time pass. */
  async nextTry(): Promise<void> {
    const due = await eventually(() => {
      const [waiting] = this.world.timers.waiting().filter(({ kind }) => kind === 'approval.notice');
      if (!waiting) throw new Error('No retry is planned.');
      return Date.parse(waiting.dueAt);
    });
    await this.world.timers.advance(due - Date.parse(this.world.timers.now()));
  }
}

function started(runId: string, now: string): DomainEvent {
  return RunStarted({
    runId,
    ...{ flowId: 'flow_release', flowSlug: 'release', flowName: 'Release', flowVersion: 3, flowHash: 'h'.repeat(64) },
    steps: [],
    parameters: {},
    choices: { profile: 'default', execution: 'INTERACTIVE', checkpointMode: 'TEMPLATE' },
    startedBy: STARTER,
    trigger: { kind: 'manual' },
    requestHash: 'r'.repeat(64),
    startedAt: now,
  });
}

function reached(runId: string, requestId: string, { policy, now }: { policy: object; now: string }): DomainEvent {
  return GateReached({
    ...{ runId, step: 'deploy', gateId: requestId, position: 'before', origin: 'template' },
    message: 'Deploy <to> production?',
    terms: {
      policy: policy as { count: number; excludeStarter: boolean },
      onTimeout: 'FAIL',
      autoApproveInBackground: false,
    },
    startedBy: STARTER,
    execution: 'INTERACTIVE',
    shown: {
      flow: 'Release',
      stepName: 'Deploy',
      upstream: [{ step: 'build', name: 'Build', summary: '42 tests passed' }],
    },
    reachedAt: now,
  });
}

/** A message as it came in over HTTP. */
export interface Taken {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
}

/** A server of somebody else, which does what the spec says. */
export async function otherSide(answer: (taken: Taken, nth: number) => Reply) {
  const taken: Taken[] = [];
  const server = createServer((request, reply) => {
    void text(request).then(body => {
      const one = { path: request.url ?? '', headers: request.headers, body };
      taken.push(one);
      const { status = 200, headers = {}, json = { ok: true } } = answer(one, taken.length);
      reply.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(json));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    taken,
    url: `http://127.0.0.1:${port}`,
    close: () => new Promise(resolve => server.close(resolve).closeAllConnections()),
  };
}
