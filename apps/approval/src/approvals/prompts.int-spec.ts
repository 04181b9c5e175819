import { GateAnswered, GateReached, PermissionRequested, QuestionAsked, RunCancelled } from '@runledger/contracts';
import type { PersonDecision } from '@runledger/contracts';
import { CommandHandler, createPostgresEventStore, newUuid } from '@runledger/event-store';
import type { CommandContext, EventStore, RecordedEvent } from '@runledger/event-store';
import { logDatabase } from '@runledger/event-store/testing';
import { attemptId, gateId, streamOf } from '@runledger/kernel';
import type { DomainEvent } from '@runledger/kernel';
import { FakeClock } from '@runledger/testing';
import type { TestDatabase } from '@runledger/testing';
import { GrantBook } from '../grants/grant-book.js';
import { Decisions } from './decisions.js';
import type { RequestsReactor } from './requests.reactor.js';
import { requestsReactor } from './requests.reactor.js';

const AT = '2026-11-21T10:00:00.000Z';
const WORKSPACE = 'ws_acme';
const ada = { kind: 'member', id: 'mem_ada', name: 'Ada' } as const;

describe('what agents ask', () => {
  let database: TestDatabase;
  let store: EventStore;
  let handler: CommandHandler;
  let reactor: RequestsReactor;

  beforeAll(async () => {
    database = await logDatabase();
    store = createPostgresEventStore({ connectionString: database.url });
    handler = new CommandHandler(store);
    reactor = requestsReactor(store, handler, new FakeClock(AT));
  });
  afterAll(async () => {
    await store.close();
    await database.drop();
  });

  /** Stores what another service says, and lets the reactor have it: twice, as it may happen (R1). */
  async function tell(stream: string, runId: string, { type, data }: DomainEvent): Promise<void> {
    const actor = { kind: 'service', id: 'spec' } as const;
    const story = { correlationId: runId, causationId: 'spec', actor, workspaceId: WORKSPACE, occurredAt: AT };
    const name = { tenant: WORKSPACE, name: stream };
    await store.append(name, [{ id: newUuid(), type, data, metadata: { ...story, schemaVersion: 1 } }], 'any');
    const last = (await eventsOf(stream)).at(-1) as RecordedEvent;
    await reactor.react(last);
    await reactor.react(last);
  }
  const eventsOf = async (name: string) => (await store.readStream({ tenant: WORKSPACE, name })).events;
  const typesOf = async (requestId: string) =>
    (await eventsOf(streamOf('approval', requestId))).map(({ type }) => type.replace('Approval', ''));

  const placeOf = (runId: string, step: string, attempt = 1) => ({
    ...{ attemptId: attemptId(runId, step, attempt), runId, step, attempt },
  });
  const hashOf = (command: string) => Buffer.from(command.padEnd(32)).toString('hex');
  async function asks(runId: string, step: string, command: string, n = 1): Promise<string> {
    const call = { callId: `${step}.1.t${n}.1`, tool: 'bash', arguments: { command }, callHash: hashOf(command) };
    const asked = PermissionRequested({ ...placeOf(runId, step), ...call, at: AT });
    await tell(streamOf('attempt', attemptId(runId, step, 1)), runId, asked);
    return `apr_${runId.slice(4)}.ask-${hashOf(command).slice(0, 32)}`;
  }
  const context = (): CommandContext => ({
    ...{ commandId: newUuid(), correlationId: newUuid(), workspaceId: WORKSPACE, actor: ada, occurredAt: AT },
  });
  /** People decide, and the reactor hears of it. */
  async function decide(requestId: string, decision: PersonDecision, grant?: { pattern: string }) {
    const outcome = await new Decisions(handler).decide({ requestId, decision, ...(grant && { grant }) }, context());
    const last = (await eventsOf(streamOf('approval', requestId))).at(-1) as RecordedEvent;
    await reactor.react(last);
    return outcome.status;
  }
  const newRun = () => `run_${newUuid()}`;

  it('is one prompt for the branches of a run that ask the same, and another one after the answer', async () => {
    const runId = newRun();
    const prompt = await asks(runId, 'left', 'npm install');
    await asks(runId, 'right', 'npm install');
    expect(await typesOf(`${prompt}.1`)).toEqual(['Requested', 'Joined']);
    await asks(newRun(), 'left', 'npm install');
    expect(await decide(`${prompt}.1`, 'ALLOW_ONCE')).toBe('accepted');
    const [, , decided] = await eventsOf(streamOf('approval', `${prompt}.1`));
    expect(decided?.data).toMatchObject({ calls: [{ step: 'left' }, { step: 'right' }] });
    await asks(runId, 'left', 'npm install', 2);
    expect(await typesOf(`${prompt}.1`)).toHaveLength(3);
    expect(await typesOf(`${prompt}.2`)).toEqual(['Requested']);
  });

  it('becomes a grant when allowed for the run, which answers what else of the run it covers', async () => {
    const runId = newRun();
    const tests = await asks(runId, 'left', 'npm test');
    const others = await asks(runId, 'right', 'npm test --coverage');
    const uncovered = await asks(runId, 'third', 'curl evil.example');
    const elsewhere = await asks(newRun(), 'left', 'npm test --coverage');
    await decide(`${tests}.1`, 'ALLOW_RUN', { pattern: 'npm test*' });
    expect(await typesOf(`${others}.1`)).toEqual(['Requested', 'Decided']);
    expect(await typesOf(`${uncovered}.1`)).toEqual(['Requested']);
    expect(await typesOf(`${elsewhere}.1`)).toEqual(['Requested']);
    const late = await asks(runId, 'fourth', 'npm test --watch=false');
    const [, settled] = await eventsOf(streamOf('approval', `${late}.1`));
    expect(settled?.data).toMatchObject({ decision: 'ALLOW_ONCE', how: 'GRANT', by: ada });

    const grantId = `gra_${tests.slice(4)}.1`;
    const book = new GrantBook(handler);
    expect(await book.revoke({ grantId }, context())).toMatchObject({ status: 'accepted', output: { grantId } });
    expect(await book.revoke({ grantId }, context())).toMatchObject({ status: 'accepted' });
    expect(await book.revoke({ grantId: 'gra_x' }, context())).toMatchObject({ status: 'refused' });
    const again = await asks(runId, 'fifth', 'npm test --silent');
    expect(await typesOf(`${again}.1`)).toEqual(['Requested']);
  });

  it('needs no answer any more when its run is over', async () => {
    const runId = newRun();
    const prompt = await asks(runId, 'left', 'make');
    const question = { callId: 'right.1.t1.1', question: 'Which?', choices: ['a', 'b'], at: AT };
    const asked = QuestionAsked({ ...placeOf(runId, 'right'), ...question });
    await tell(streamOf('attempt', attemptId(runId, 'right', 1)), runId, asked);
    const questionId = `apr_${runId.slice(4)}.question.right.1.t1.1`;
    expect(await typesOf(questionId)).toEqual(['Requested']);
    await tell(streamOf('run', runId), runId, RunCancelled({ runId, by: ada, cancelledAt: AT }));
    expect([await typesOf(`${prompt}.1`), await typesOf(questionId)]).toEqual([
      ['Requested', 'Withdrawn'],
      ['Requested', 'Withdrawn'],
    ]);
    const late = await new Decisions(handler).answer({ requestId: questionId, answer: 'a' }, context());
    expect(late).toMatchObject({ status: 'refused', refusal: { rejected: 'REQUEST_WITHDRAWN' } });
  });
});

describe('a step that somebody steers while it waits at its gate', () => {
  let database: TestDatabase;
  let store: EventStore;
  beforeAll(async () => {
    database = await logDatabase();
    store = createPostgresEventStore({ connectionString: database.url });
  });
  afterAll(async () => {
    await store.close();
    await database.drop();
  });

  async function answered(verb: 'SKIP' | 'FORCE_ADVANCE', by: string) {
    const runId = `run_${newUuid()}`;
    const requestId = gateId(runId, 'deploy', 'before', 1);
    const reactor = requestsReactor(store, new CommandHandler(store), new FakeClock(AT));
    const place = { runId, step: 'deploy', gateId: requestId };
    const terms = { policy: { approvers: ['mem_grace'], count: 1, excludeStarter: false } };
    const events = [
      GateReached({
        ...{ ...place, position: 'before', origin: 'template', message: 'Go on?', startedBy: ada, reachedAt: AT },
        terms: { ...terms, onTimeout: 'FAIL', autoApproveInBackground: false },
        ...{ execution: 'INTERACTIVE', shown: { flow: 'Release', stepName: 'Deploy', upstream: [] } },
      }),
      GateAnswered({
        ...{ ...place, verb, decision: verb === 'SKIP' ? 'SKIP' : 'APPROVE', answeredAt: AT },
        by: { kind: 'member', id: by },
      }),
    ];
    const stream = { tenant: WORKSPACE, name: streamOf('run', runId) };
    const actor = { kind: 'service', id: 'orchestrator' } as const;
    const story = { correlationId: runId, causationId: 'spec', actor, workspaceId: WORKSPACE, occurredAt: AT };
    const metadata = { ...story, schemaVersion: 1 };
    await store.append(
      stream,
      events.map(({ type, data }) => ({ id: newUuid(), type, data, metadata })),
      'any',
    );
    for (const event of (await store.readStream(stream)).events) await reactor.react(event);
    const { events: stored } = await store.readStream({ tenant: WORKSPACE, name: streamOf('approval', requestId) });
    return stored.map(({ data }) => data);
  }

  it('is skipped by those whom its gate lets decide, and by nobody else', async () => {
    expect(await answered('SKIP', 'mem_grace')).toMatchObject([{}, { decision: 'SKIP', how: 'PEOPLE' }]);
    expect(await answered('SKIP', 'mem_eve')).toHaveLength(1);
  });

  it('is advanced by force whatever its gate says, as that administrator’s approval', async () => {
    expect(await answered('FORCE_ADVANCE', 'mem_root')).toMatchObject([
      {},
      { decision: 'APPROVE', how: 'FORCE', by: { id: 'mem_root' } },
    ]);
  });
});
