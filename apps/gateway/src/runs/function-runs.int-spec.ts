import { testGateway, type TestGateway } from '../gateway.fixture.js';
import { GET_RUN } from '../mcp/mcp-operations.js';
import { announced, announcementPublished } from './function-story.fixture.js';

const RUN = 'run_0198f3a0-0000-7000-8000-000000000001';
const WHOLE = `query ($id: ID!, $asOf: Position) { run(id: $id, asOf: $asOf) {
  status statusReason durationMs waitingOn { kind what step since until requestId } stepCounts { running waiting completed }
  timeline { key kind function state outcome summary output startedAt endedAt elapsedMs turns unpriced cost { microUnits }
    provider model skill error { code message fix } artifacts { path } autoResolved { callId }
    attempts { number state function outcome summary error { code } readyAt startedAt endedAt elapsedMs driver exitCode }
    gate { state message shown decision { decision } } }
  transcript { nodes { id } } approvals { id state } artifacts { path }
  cost { unpriced charges total { microUnits } byStep { key } compute { key } }
} }`;

interface Shown {
  readonly status: string;
  readonly waitingOn: readonly object[];
  readonly timeline: readonly object[];
}

describe('a run all of whose steps call functions', () => {
  let gateway: TestGateway;
  let ada: string;
  const seen: { readonly asOf: string; readonly then: Shown }[] = [];

  beforeAll(async () => {
    gateway = await testGateway();
    ada = await gateway.tokenFor('ws_acme', 'mem_ada');
    await gateway.tell({ workspaceId: 'ws_acme', stream: 'flow-announce' }, announcementPublished);
    const choices = { profile: 'local', execution: 'BACKGROUND', checkpointMode: 'TEMPLATE' } as const;
    for (const event of announced(RUN, choices)) {
      gateway.clock.advance(1_000);
      const position = await gateway.tell({ workspaceId: 'ws_acme', stream: `run-${RUN}`, runId: RUN }, event);
      seen.push({ asOf: position.toString().padStart(19, '0'), then: await shown() });
    }
  });
  afterAll(() => gateway.close());

  async function shown(asOf?: string): Promise<Shown> {
    const { data, errors } = await gateway.graphql<{ run: Shown }>(ada, WHOLE, { id: RUN, asOf });
    expect(errors).toBeUndefined();
    return data.run;
  }

  it('is shown as it was after each of its events, without a gap in what it waited for (R4)', async () => {
    gateway.clock.advance(86_400_000);
    for (const { asOf, then } of seen) expect({ asOf, run: await shown(asOf) }).toEqual({ asOf, run: then });
    const open = seen.filter(({ then }) => then.status !== 'COMPLETED');
    expect(open).toHaveLength(seen.length - 1);
    for (const { then } of open) expect(then.waitingOn).not.toEqual([]);
  });

  it('says of each step which function did it, when, and how each attempt ended', () => {
    expect(seen.at(-1)?.then).toMatchObject({
      status: 'COMPLETED',
      timeline: [
        {
          ...{ kind: 'FUNCTION', function: 'open-ticket', turns: 0, elapsedMs: '3000', cost: null, unpriced: false },
          attempts: [{ state: 'ENDED', function: 'open-ticket', driver: null, exitCode: null, elapsedMs: '3000' }],
          gate: { state: 'DECIDED', shown: { upstream: [{ summary: 'Opened OPS-7.', output: { id: 'OPS-7' } }] } },
        },
        {
          function: 'post-note',
          attempts: [
            { number: 1, outcome: 'ERROR', error: { code: 'CHAT_AWAY' }, elapsedMs: '1000' },
            { number: 2, outcome: 'SUCCESS', summary: 'note is done.', error: null },
          ],
        },
        { function: 'close-ticket', output: { ok: true } },
      ],
      ...{ transcript: { nodes: [] }, artifacts: [], cost: { charges: 0, unpriced: false, total: null } },
    });
  });

  it('is told to chats, and is a task without turns and costs, like any other', async () => {
    const { data } = await gateway.graphql(ada, GET_RUN, { id: RUN });
    expect(data.run).toMatchObject({
      ...{ status: 'COMPLETED', waitingOn: [], artifacts: [], cost: { unpriced: false, total: null } },
      timeline: [{ kind: 'FUNCTION', function: 'open-ticket', summary: 'ticket is done.' }, {}, {}],
    });
    const tasks = await gateway.graphql(ada, '{ tasks { nodes { state turns cost { formatted } run { id } } } }');
    expect(tasks.data.tasks.nodes).toEqual([{ state: 'DONE', turns: 0, cost: null, run: { id: RUN } }]);
    const history =
      '{ runs(filter: { flow: "announce", text: "ANNOUNCE" }, sort: { by: COST }) { nodes { id durationMs } } }';
    expect((await gateway.graphql(ada, history)).data.runs.nodes).toEqual([{ id: RUN, durationMs: '20000' }]);
  });
});
