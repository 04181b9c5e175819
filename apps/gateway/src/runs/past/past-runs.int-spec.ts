import {
  AgentText,
  CallAutoResolved,
  RunStarted,
  ToolCallEnded,
  ToolCallStarted,
  ToolOutput,
} from '@runledger/contracts';
import { attemptId, type DomainEvent } from '@runledger/kernel';
import { testGateway, type TestGateway } from '../../gateway.fixture.js';
import { PAST_TYPES } from './past-run.js';
import { at, BY, published, story, upToTheGate } from '../run-story.fixture.js';

const RUN = 'run_0198f3a0-0000-7000-8000-000000000001';
const RETRY = 'run_0198f3a0-0000-7000-8000-000000000002';
const WHOLE = `query ($id: ID!, $asOf: Position) { run(id: $id, asOf: $asOf) {
  id number status statusReason startedAt endedAt durationMs parameters position
  stepCounts { total pending running waiting completed } waitingOn { kind what step since until mayAct requestId }
  flow { slug } flowVersion { version } lineage { retries { id } reruns { step } }
  timeline { key state outcome summary output startedAt endedAt elapsedMs turns cost { microUnits }
    attempts { number state turns elapsedMs } artifacts { path } autoResolved { callId }
    gate { state message decision { decision } } }
  last: timelinePage(last: 1) { nodes { key state } pageInfo { hasPreviousPage } }
  waiting: timelinePage(state: [WAITING]) { nodes { key } }
  step(key: "build") { state summary }
  transcript { nodes { id seq ... on TextEntry { text } ... on ToolEntry { state streamed output durationMs } } }
  approvals { id state decision { decision comment } } artifacts { path }
  cost { charges total { microUnits } byStep { key cost { microUnits } } byModel { key } }
} }`;
const ACTIONS = `query ($id: ID!, $asOf: Position) { run(id: $id, asOf: $asOf) {
  availableActions timeline { availableActions gate { availableDecisions } } approvals { availableDecisions }
} }`;

const place = { attemptId: attemptId(RUN, 'build', 1), runId: RUN, step: 'build', attempt: 1 };
const call = { ...place, callId: 'c1', at: at(4) };
const tool = 'bash';

/** What the run went through: work, talk, files, money, people, and an end. */
function whatHappened(blob: { sha256: string; bytes: number }): readonly DomainEvent[] {
  const run = story(RUN);
  const [started, ...toTheGate] = upToTheGate(RUN);
  const { data } = run.started();
  return [
    ...(started ? [started] : []),
    ...toTheGate.slice(0, 4),
    AgentText({ ...place, entryId: 'e1', text: 'I shall ', at: at(3) }),
    AgentText({ ...place, entryId: 'e1', text: 'build it.', at: at(3) }),
    CallAutoResolved({ ...call, tool, grantId: 'grt_1', scope: 'run', grantedBy: BY }),
    ToolCallStarted({ ...call, tool, arguments: { command: 'make' } }),
    ToolOutput({ ...call, channel: 'stdout', text: 'cc -o app\n' }),
    ToolCallEnded({ ...call, tool, state: 'ok', output: 'cc -o app\n', exitCode: 0, durationMs: 900 }),
    run.kept('build', 'out/report.html', blob),
    ...toTheGate.slice(4),
    run.decided(),
    run.resolved(),
    run.ready('deploy'),
    run.begun('deploy'),
    run.finished('deploy'),
    run.completed('deploy'),
    run.ended(),
    RunStarted({ ...data, runId: RETRY, lineage: { kind: 'RETRY', of: RUN } }),
  ];
}

describe('a run as of a position', () => {
  let gateway: TestGateway;
  let ada: string;
  const seen: { readonly position: string; readonly then: unknown }[] = [];

  beforeAll(async () => {
    gateway = await testGateway();
    ada = await gateway.tokenFor('ws_acme', 'mem_ada');
    await gateway.tell({ workspaceId: 'ws_acme', stream: 'flow-release' }, published());
    const blob = await gateway.blobs.put(Buffer.from('<p>built</p>'));
    for (const event of whatHappened(blob)) {
      // What executes is measured up to the newest event that says how the run stands; what an agent says is none.
      if (PAST_TYPES.includes(event.type)) gateway.clock.advance(1_000);
      const runId = event.type === 'RunStarted' ? (event.data as { runId: string }).runId : RUN;
      const position = await gateway.tell({ workspaceId: 'ws_acme', stream: `run-${runId}`, runId }, event);
      const { data, errors } = await gateway.graphql(ada, WHOLE, { id: RUN });
      expect(errors).toBeUndefined();
      seen.push({ position: position.toString().padStart(19, '0'), then: data.run });
    }
    gateway.clock.advance(86_400_000);
  });
  afterAll(() => gateway.close());

  it('is what it was after each of its events', async () => {
    for (const { position, then } of seen) {
      const { data, errors } = await gateway.graphql(ada, WHOLE, { id: RUN, asOf: position });
      expect(errors).toBeUndefined();
      expect({ position, run: data.run }).toEqual({ position, run: then });
    }
    expect(new Set(seen.map(({ then }) => JSON.stringify(then))).size).toBe(seen.length);
  });

  it('offers nothing that could be done', async () => {
    const atTheGate = seen.find(({ then }) => (then as { approvals: unknown[] }).approvals.length > 0);
    const { data } = await gateway.graphql(ada, ACTIONS, { id: RUN, asOf: atTheGate?.position });
    expect(data.run).toEqual({
      availableActions: [],
      timeline: [
        { availableActions: [], gate: null },
        { availableActions: [], gate: null },
        { availableActions: [], gate: { availableDecisions: [] } },
      ],
      approvals: [{ availableDecisions: [] }],
    });
  });

  it.each([
    ['before it began', '0000000000000000001', 'NOT_FOUND'],
    ['beyond the end of the log', '8999999999999999999', 'INVALID_CURSOR'],
    ['at what is no position', 'yesterday', 'INVALID_CURSOR'],
  ])('is refused %s', async (_when, asOf, code) => {
    const { errors } = await gateway.graphql(ada, WHOLE, { id: RUN, asOf });
    expect(errors?.[0]?.extensions).toMatchObject({ code, fix: expect.stringMatching(/\w/) as string });
  });

  it('is not shown to another workspace', async () => {
    const stranger = await gateway.tokenFor('ws_other', 'mem_eve');
    const { data, errors } = await gateway.graphql(stranger, WHOLE, { id: RUN, asOf: seen.at(-1)?.position });
    expect([data?.run, errors?.[0]?.extensions.code]).toEqual([null, 'NOT_FOUND']);
  });
});
