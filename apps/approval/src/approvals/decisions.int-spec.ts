import { catalogue, GateReached, RunCancelRequested, RunRejected } from '@runledger/contracts';
import { CommandHandler, createPostgresEventStore, newUuid, PostgresCheckpoints } from '@runledger/event-store';
import type { Actor, CommandContext, EventStore } from '@runledger/event-store';
import { logDatabase } from '@runledger/event-store/testing';
import { gateId, streamOf } from '@runledger/kernel';
import type { DomainEvent } from '@runledger/kernel';
import { ReactorHost, storeDirect } from '@runledger/messaging';
import type { RunningConsumer } from '@runledger/messaging';
import { FakeClock } from '@runledger/testing';
import type { TestDatabase } from '@runledger/testing';
import pg from 'pg';
import { Decisions } from './decisions.js';
import { requestsReactor } from './requests.reactor.js';

const AT = '2026-11-21T10:00:00.000Z';
const WORKSPACE = 'ws_acme';
const clock = new FakeClock(AT);

let database: TestDatabase;
let pool: pg.Pool;
/** Two stores, as two processes would have: only the database can decide between them. */
let stores: EventStore[];
let host: ReactorHost;
let running: RunningConsumer;

beforeAll(async () => {
  database = await logDatabase();
  pool = new pg.Pool({ connectionString: database.url });
  stores = [0, 1].map(() => createPostgresEventStore({ connectionString: database.url }));
  const store = stores[0]!;
  host = new ReactorHost(storeDirect(store), new PostgresCheckpoints(pool), catalogue, { owner: 'spec' });
  running = await host.start(requestsReactor(store, new CommandHandler(store), clock));
});

afterAll(async () => {
  await host.stop();
  await Promise.all(stores.map(store => store.close()));
  await pool.end();
  await database.drop();
});

const member = (n: number): Actor => ({ kind: 'member', id: `mem_${n}`, name: `Member ${n}` });
const by = (actor: Actor, commandId = newUuid(), workspaceId = WORKSPACE): CommandContext => ({
  commandId,
  workspaceId,
  actor,
  occurredAt: AT,
  correlationId: commandId,
});

/** What the orchestrator would write; resolves when approval has reacted. */
async function runSays(runId: string, ...events: DomainEvent[]): Promise<void> {
  const outcome = await stores[0]!.append(
    { tenant: WORKSPACE, name: streamOf('run', runId) },
    events.map(({ type, data }) => ({
      id: newUuid(),
      type,
      data,
      metadata: {
        correlationId: runId,
        causationId: 'spec',
        actor: { kind: 'service', id: 'orchestrator' },
        workspaceId: WORKSPACE,
        occurredAt: AT,
        schemaVersion: 1,
      },
    })),
    'any',
  );
  if (outcome.status !== 'appended') throw new Error(`The run's events were not appended: ${outcome.status}`);
  await running.reached(outcome.position);
}

const gate = (runId: string, step = 'deploy') =>
  GateReached({
    runId,
    step,
    gateId: gateId(runId, step, 'before', 1),
    position: 'before',
    origin: 'template',
    message: `Go on with ${step}?`,
    terms: {
      policy: { count: 1, excludeStarter: false },
      onTimeout: 'FAIL',
      autoApproveInBackground: false,
    },
    startedBy: { kind: 'member', id: 'mem_0' },
    execution: 'INTERACTIVE',
    shown: { flow: 'Release', stepName: step, upstream: [] },
    reachedAt: AT,
  });
const cancel = (runId: string) =>
  RunCancelRequested({ runId, mode: 'GRACEFUL', by: { kind: 'member', id: 'mem_0' }, requestedAt: AT });

async function requestedRun(): Promise<{ runId: string; requestId: string }> {
  const runId = `run_${newUuid()}`;
  await runSays(runId, gate(runId));
  return { runId, requestId: gateId(runId, 'deploy', 'before', 1) };
}
async function eventsOf(requestId: string) {
  const { events } = await stores[1]!.readStream({ tenant: WORKSPACE, name: streamOf('approval', requestId) });
  return events;
}
const decisions = () => new Decisions(new CommandHandler(stores[0]!));

describe('a gate that a run has reached', () => {
  it('asks people once, with what they need to see and its hash, in the story of the run', async () => {
    const { runId, requestId } = await requestedRun();
    const [requested, ...others] = await eventsOf(requestId);
    expect(others).toEqual([]);
    expect(requested).toMatchObject({
      type: 'ApprovalRequested',
      data: { requestId, runId, step: 'deploy', message: 'Go on with deploy?' },
      metadata: { correlationId: runId, actor: { kind: 'service', id: 'approval' } },
    });
    expect((requested?.data as { shownHash: string }).shownHash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('is asked about once even when its event is processed again (R1)', async () => {
    const { runId, requestId } = await requestedRun();
    const { events } = await stores[0]!.readStream({ tenant: WORKSPACE, name: streamOf('run', runId) });
    const reactor = requestsReactor(stores[1]!, new CommandHandler(stores[1]!), clock);
    await reactor.react(events[0]!);
    await reactor.react(events[0]!);
    expect(await eventsOf(requestId)).toHaveLength(1);
  });

  it('needs no answer any more when its run is cancelled, unless it has one', async () => {
    const runId = `run_${newUuid()}`;
    await runSays(runId, gate(runId, 'build'), gate(runId, 'deploy'), gate(runId, 'announce'));
    const [build, deploy, announce] = ['build', 'deploy', 'announce'].map(step => gateId(runId, step, 'before', 1));
    await decisions().decide({ requestId: build!, decision: 'APPROVE' }, by(member(1)));
    await runSays(runId, cancel(runId));
    const endings = await Promise.all([build!, deploy!, announce!].map(async id => (await eventsOf(id)).at(-1)?.type));
    expect(endings).toEqual(['ApprovalDecided', 'ApprovalWithdrawn', 'ApprovalWithdrawn']);
    const late = await decisions().decide({ requestId: deploy!, decision: 'APPROVE' }, by(member(1)));
    expect(late).toMatchObject({ status: 'refused', refusal: { rejected: 'REQUEST_WITHDRAWN' } });
  });

  it('needs no answer any more when its run was rejected at another gate', async () => {
    const { runId, requestId } = await requestedRun();
    const other = await requestedRun();
    await runSays(
      runId,
      RunRejected({ runId, step: 'x', gateId: 'apr_x', by: { kind: 'member', id: 'mem_0' }, rejectedAt: AT }),
    );
    expect((await eventsOf(requestId)).at(-1)?.type).toBe('ApprovalWithdrawn');
    expect((await eventsOf(other.requestId)).at(-1)?.type).toBe('ApprovalRequested');
  });
});

describe('a decision', () => {
  it('names who decided and is answered the same whenever it is sent again', async () => {
    const { runId, requestId } = await requestedRun();
    const context = by(member(7));
    const input = { requestId, decision: 'REJECT', comment: 'not yet' } as const;
    const first = await decisions().decide(input, context);
    expect(first).toMatchObject({ status: 'accepted', output: { requestId, runId, decision: 'REJECT' } });
    expect(await decisions().decide(input, context)).toEqual(first);
    const decided = (await eventsOf(requestId)).at(-1);
    expect(decided).toMatchObject({
      data: { decision: 'REJECT', comment: 'not yet', by: member(7), decidedAt: AT },
      metadata: { correlationId: runId, actor: member(7) },
    });
  });

  it('is refused when the person saw something else', async () => {
    const { requestId } = await requestedRun();
    const stale = await decisions().decide(
      { requestId, decision: 'APPROVE', shownHash: 'f'.repeat(64) },
      by(member(1)),
    );
    expect(stale).toMatchObject({ status: 'refused', refusal: { rejected: 'SHOWN_CHANGED' } });
    expect(await eventsOf(requestId)).toHaveLength(1);
  });

  it.each([
    ['an unknown id', 'apr_nobody'],
    ['a path', 'apr_../../x'],
    ['the id of something else', 'run_0198'],
    ['nothing', ''],
    ['an absurdly long id', `apr_${'x'.repeat(1_000)}`],
  ])('is refused for a request that is not there: %s', async (_what, requestId) => {
    const outcome = await decisions().decide({ requestId, decision: 'APPROVE' }, by(member(1)));
    expect(outcome).toMatchObject({ status: 'refused', refusal: { rejected: 'REQUEST_NOT_FOUND' } });
  });

  it('is refused to people of another workspace, as if there were no request (G2)', async () => {
    const { requestId } = await requestedRun();
    const outcome = await decisions().decide({ requestId, decision: 'APPROVE' }, by(member(1), newUuid(), 'ws_other'));
    expect(outcome).toMatchObject({ status: 'refused', refusal: { rejected: 'REQUEST_NOT_FOUND' } });
    expect(await eventsOf(requestId)).toHaveLength(1);
  });
});
