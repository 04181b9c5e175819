import { flowSchema } from '@runledger/contracts';
import { definition, published, story, upToTheGate } from './runs/run-story.fixture.js';
import { testGateway, type TestGateway } from './gateway.fixture.js';

interface Page<Node> {
  readonly nodes: readonly Node[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string };
}
type Numbered = Readonly<Record<string, Page<{ readonly number: number; readonly id: string }>>>;

const RUN = 'run_0198f3a0-0000-7000-8000-000000000001';
const RUN_PAGE = `query ($id: ID!) { run(id: $id) {
  id number status statusReason startedAt durationMs parameters availableActions position
  flow { slug latestVersion { version hash } versions { id } } flowVersion { version definition flow { id } }
  waitingOn { kind what step since until mayAct requestId }
  startedBy { kind name via } trigger { kind } subject { kind id } choices { profile execution }
  timeline { key number wave kind skill state outcome summary output turns elapsedMs unpriced cost { microUnits formatted }
    attempts { id number state driver turns } artifacts { path } gate { id state message availableDecisions } }
  approvals { id state shownHash run { id } }
  artifacts(step: "build") { id path bytes url }
  cost { unpriced charges total { formatted microUnits currency } byStep { key cost { microUnits } }
    byModel { key } byProvider { key } compute { key cost { microUnits } } }
} }`;

describe('the gateway', () => {
  let gateway: TestGateway;
  let ada: string;
  let reader: string;
  let stranger: string;

  beforeAll(async () => {
    gateway = await testGateway();
    ada = await gateway.tokenFor('ws_acme', 'mem_ada');
    reader = await gateway.tokenFor('ws_acme', 'mem_rob', ['flows.read']);
    stranger = await gateway.tokenFor('ws_other', 'mem_eve');
    await gateway.tell({ workspaceId: 'ws_acme', stream: 'flow-release' }, published());
    const steps = definition.steps.map(step => (step.key === 'lint' ? { ...step, name: 'Look closely' } : step));
    await gateway.tell({ workspaceId: 'ws_acme', stream: 'flow-release' }, published(2, { ...definition, steps }));
    await gateway.tell({ workspaceId: 'ws_acme', stream: 'run-1', runId: RUN }, ...upToTheGate(RUN));
    const blob = await gateway.blobs.area('artifacts').put(Buffer.from('<script>alert(1)</script>'));
    await gateway.tell(
      { workspaceId: 'ws_acme', stream: 'run-1', runId: RUN },
      story(RUN).kept('build', 'out/report.html', blob),
    );
  });
  afterAll(() => gateway.close());

  it('shows a run with everything that its page needs, in one query', async () => {
    const { data, errors } = await gateway.graphql(ada, RUN_PAGE, { id: RUN });
    expect(errors).toBeUndefined();
    expect(data.run).toMatchObject({
      id: RUN,
      number: 1,
      status: 'PAUSED',
      statusReason: 'Ship it?',
      durationMs: null,
      availableActions: ['DECIDE', 'CANCEL', 'SKIP_STEP', 'FORCE_ADVANCE'],
      flow: {
        slug: 'release',
        latestVersion: { version: 2 },
        versions: [{ id: 'flow_release@2' }, { id: 'flow_release@1' }],
      },
      flowVersion: { version: 1, definition: JSON.parse(JSON.stringify(definition)), flow: { id: 'flow_release' } },
      waitingOn: [{ kind: 'DECISION', step: 'deploy', mayAct: 'FLOWS_RUN', requestId: story(RUN).requestId }],
      startedBy: { kind: 'MEMBER', name: 'Ada', via: 'token' },
      subject: { kind: 'ticket', id: 'OPS-7' },
      cost: {
        unpriced: false,
        charges: 2,
        total: { formatted: '0.00129 USD', microUnits: '1290', currency: 'USD' },
        byModel: [{ key: 'anthropic/sonnet' }],
        compute: [{ key: 'small', cost: { microUnits: '40' } }],
      },
      artifacts: [{ path: 'out/report.html', bytes: '25' }],
    });
    expect(data.run.timeline).toMatchObject([
      {
        key: 'build',
        wave: 1,
        kind: 'AGENT',
        skill: 'builder',
        state: 'COMPLETED',
        outcome: 'SUCCESS',
        output: { ok: true },
        turns: 2,
        elapsedMs: '4000',
        cost: { microUnits: '1250' },
      },
      { key: 'lint', wave: 1, kind: 'COMMAND', state: 'COMPLETED' },
      {
        key: 'deploy',
        wave: 2,
        state: 'WAITING',
        cost: null,
        gate: { state: 'OPEN', availableDecisions: ['APPROVE', 'REJECT', 'SKIP'] },
      },
    ]);
  });

  it('offers each caller what that caller may do', async () => {
    const asked = '{ run(id: "' + RUN + '") { availableActions } inbox { nodes { availableDecisions } } }';
    const { data } = await gateway.graphql(reader, asked);
    expect(data).toEqual({ run: { availableActions: [] }, inbox: { nodes: [{ availableDecisions: [] }] } });
  });

  it('numbers runs in their workspace in the order in which they started, and finds them by what is asked', async () => {
    const places = [1, 2, 3].map(n => ({ id: `run_0198f3a0-0000-7000-8000-00000000010${n}`, seconds: 100 * n }));
    for (const { id, seconds } of places) {
      const started = story(id).started(new Date(Date.parse('2026-05-01T10:00:00Z') + seconds * 1_000).toISOString());
      await gateway.tell({ workspaceId: 'ws_acme', stream: `run-${id}`, runId: id }, started);
    }
    const [first] = places;
    const all = await gateway.graphql<Numbered>(
      ada,
      '{ runs(sort: { by: STARTED_AT, direction: ASC }) { nodes { number id } } }',
    );
    expect(all.data['runs']?.nodes.map(run => run.number)).toEqual([1, 2, 3, 4]);
    const some = await gateway.graphql<Numbered>(
      ada,
      `{
      paused: runs(filter: { status: [PAUSED] }) { nodes { id } }
      early: runs(filter: { flow: "release", startedBefore: "2026-05-01T10:02:00Z", text: "rele%", trigger: MANUAL }) { nodes { id } }
      early2: runs(filter: { flow: "release", startedBefore: "2026-05-01T10:02:00Z", text: "ReleA", startedBy: "mem_ada" }) { nodes { id } }
      costly: runs(sort: { by: COST }, first: 1) { nodes { id } pageInfo { hasNextPage } }
      priced: runs(filter: { costFrom: "1" }) { nodes { id } }
      free: runs(filter: { costBelow: "1" }) { nodes { id } }
    }`,
    );
    const ids = (list: Page<{ id: string }> | undefined) => list?.nodes.map(run => run.id);
    expect(ids(some.data['paused'])).toEqual([RUN]);
    expect(ids(some.data['early'])).toEqual([]);
    expect(ids(some.data['early2'])).toEqual([first?.id, RUN]);
    expect(ids(some.data['priced'])).toEqual([RUN]);
    expect(ids(some.data['free'])).toHaveLength(3);
    expect(some.data['costly']).toEqual({ nodes: [{ id: RUN }], pageInfo: { hasNextPage: true } });
  });

  it('pages through a list without gap or repeat, and refuses cursors that it did not make for it', async () => {
    const query =
      'query ($after: String, $by: RunSortKey!) { runs(first: 3, after: $after, sort: { by: $by }) { nodes { number } pageInfo { hasNextPage endCursor } } }';
    const first = await gateway.graphql<{ runs: Page<{ number: number }> }>(ada, query, { by: 'STARTED_AT' });
    const { endCursor } = first.data.runs.pageInfo;
    const second = await gateway.graphql<{ runs: Page<{ number: number }> }>(ada, query, {
      by: 'STARTED_AT',
      after: endCursor,
    });
    const numbers = [...first.data.runs.nodes, ...second.data.runs.nodes].map(run => run.number);
    expect(numbers).toEqual([4, 3, 2, 1]);
    expect(second.data.runs.pageInfo.hasNextPage).toBe(false);

    const forged = `${endCursor.slice(0, -2)}AA`;
    for (const [token, variables] of [
      [ada, { by: 'STARTED_AT', after: forged }],
      [ada, { by: 'COST', after: endCursor }],
      [stranger, { by: 'STARTED_AT', after: endCursor }],
      [ada, { by: 'STARTED_AT', after: '' }],
    ] as const) {
      const { status, errors } = await gateway.graphql(token, query, variables);
      expect([status, errors?.[0]?.extensions.code]).toEqual([400, 'INVALID_CURSOR']);
    }
  });

  it('reads a list from its end as well, in the order that it has', async () => {
    const query = `query ($before: String, $by: RunSortKey!) { runs(last: 2, before: $before, sort: { by: $by }) {
      nodes { number } pageInfo { hasPreviousPage hasNextPage startCursor } } }`;
    type Ends = Page<{ number: number }> & { pageInfo: { hasPreviousPage: boolean; startCursor: string } };
    const page = async (by: string, before?: string) => {
      const { data } = await gateway.graphql<{ runs: Ends }>(ada, query, { by, before });
      return { numbers: data.runs.nodes.map(run => run.number), ...data.runs.pageInfo };
    };
    // Three of the runs cost the same, so that the page ends among equals.
    for (const by of ['STARTED_AT', 'COST']) {
      const end = await page(by);
      const beginning = await page(by, end.startCursor);
      const { data } = await gateway.graphql<Numbered>(ada, `{ runs(sort: { by: ${by} }) { nodes { number } } }`);
      expect([...beginning.numbers, ...end.numbers]).toEqual(data['runs']?.nodes.map(run => run.number));
      expect([end.hasPreviousPage, end.hasNextPage]).toEqual([true, false]);
    }
    const lists = ['flows', 'inbox', 'tasks', 'schedules'].map(list => `${list}(last: 1) { edges { cursor } }`);
    type Lists = Readonly<Record<string, { edges?: readonly unknown[]; totalCount?: number }>>;
    const ends = await gateway.graphql<Lists>(ada, `{ ${lists.join(' ')} counted: flows(first: 0) { totalCount } }`);
    expect(Object.values(ends.data).map(({ edges, totalCount }) => edges?.length ?? totalCount)).toEqual([
      1, 1, 0, 0, 1,
    ]);
  });

  it('waits for what the caller has seen already, or says that it is not there yet', async () => {
    const run = 'run_0198f3a0-0000-7000-8000-000000000201';
    const metadata = {
      correlationId: run,
      causationId: 'x',
      actor: { kind: 'system', id: 'x' },
      workspaceId: 'ws_acme',
      occurredAt: '2026-05-01T10:00:00.000Z',
      schemaVersion: 1,
    } as const;
    const { type, data } = story(run).started();
    const appended = await gateway.store.append(
      { tenant: 'ws_acme', name: 'run-201' },
      [{ id: crypto.randomUUID(), type, data, metadata }],
      'any',
    );
    if (appended.status !== 'appended') throw new TypeError(appended.status);
    const position = appended.position.toString().padStart(19, '0');
    const answer = await gateway.graphql(
      ada,
      'query ($id: ID!, $p: Position) { run(id: $id, atLeast: $p) { number position } }',
      { id: run, p: position },
    );
    expect(answer.data.run).toEqual({ number: 5, position });
    const future = (appended.position + 1_000n).toString().padStart(19, '0');
    const late = await gateway.graphql(ada, '{ viewer { member { id } } }', {}, { 'x-at-least-position': future });
    expect([late.status, late.errors?.[0]?.extensions]).toEqual([
      503,
      { code: 'READ_MODEL_BEHIND', fix: 'Ask again in a moment.' },
    ]);
    const nonsense = await gateway.graphql(ada, '{ viewer { member { id } } }', {}, { 'x-at-least-position': 'soon' });
    expect(nonsense.errors?.[0]?.extensions.code).toBe('INVALID_CURSOR');
  });

  it('shows a workspace nothing of another one (G2)', async () => {
    const { data } = await gateway.graphql<{ events: Page<{ type: string }> }>(
      stranger,
      '{ runs { nodes { id } } flows { nodes { id } } inbox { nodes { id } } sandboxProfiles { id } events { nodes { type } } }',
    );
    expect(data).toMatchObject({
      runs: { nodes: [] },
      flows: { nodes: [] },
      inbox: { nodes: [] },
      sandboxProfiles: [],
    });
    const types = new Set(data.events.nodes.map(event => event.type));
    expect(types).toEqual(new Set(['WorkspaceCreated', 'MemberAdded', 'TokenIssued']));

    for (const query of [
      `{ run(id: "${RUN}") { id } }`,
      '{ flow(id: "flow_release") { id } }',
      '{ flow(slug: "release") { id } }',
    ]) {
      const answer = await gateway.graphql(stranger, query);
      expect([answer.status, answer.errors?.[0]?.extensions.code]).toEqual([404, 'NOT_FOUND']);
    }
    const cancelled = await gateway.graphql(
      stranger,
      `mutation { cancelRun(runId: "${RUN}") { __typename ... on Refusal { code } } }`,
    );
    expect(cancelled.data.cancelRun).toEqual({ __typename: 'RunRefused', code: 'RUN_NOT_FOUND' });
    const events = await gateway.graphql(
      stranger,
      `{ events(runId: "${RUN}") { nodes { id } } stream: events(stream: "run-1") { nodes { id } } }`,
    );
    expect(events.data).toEqual({ events: { nodes: [] }, stream: { nodes: [] } });
    for (const path of [`/api/v1/artifacts/art_${RUN.slice(4)}.out-report-html`]) {
      const response = await fetch(gateway.url + path, { headers: { authorization: `Bearer ${stranger}` } });
      expect(response.status).toBe(404);
      await response.arrayBuffer();
    }
  });

  it('reads the raw log page by page for those with audit.read only', async () => {
    const query =
      'query ($after: Position) { events(runId: "' +
      RUN +
      '", first: 10, after: $after) { nodes { type position data } pageInfo { hasNextPage endCursor } } }';
    const first = await gateway.graphql<{ events: Page<{ type: string }> }>(ada, query);
    const second = await gateway.graphql<{ events: Page<{ type: string }> }>(ada, query, {
      after: first.data.events.pageInfo.endCursor,
    });
    const types = [...first.data.events.nodes, ...second.data.events.nodes].map(event => event.type);
    expect(types).toEqual([...upToTheGate(RUN).map(event => event.type), 'ArtifactStored']);
    const refused = await gateway.graphql(reader, query);
    expect([refused.status, refused.errors?.[0]?.extensions]).toEqual([
      403,
      { code: 'FORBIDDEN', fix: expect.stringContaining('audit.read') },
    ]);
  });

  it('tells two versions of a flow apart, for those who may read them', async () => {
    const query = `query ($to: Int!) { flowVersionDiff(flowId: "flow_release", from: 1, to: $to) {
      from { version } to { version } fields { path } steps { key kind fields { path before after } } reordered text } }`;
    const { data } = await gateway.graphql(reader, query, { to: 2 });
    expect(data.flowVersionDiff).toMatchObject({
      from: { version: 1 },
      to: { version: 2 },
      fields: [],
      steps: [{ key: 'lint', kind: 'CHANGED', fields: [{ path: 'name', before: 'Lint', after: 'Look closely' }] }],
      reordered: false,
      text: expect.stringContaining('-    name: Lint\n+    name: Look closely\n'),
    });
    expect((await gateway.graphql(reader, query, { to: 3 })).errors?.[0]?.extensions.code).toBe('NOT_FOUND');
    expect((await gateway.graphql(stranger, query, { to: 2 })).errors?.[0]?.extensions.code).toBe('NOT_FOUND');
  });

  it('gives editors the schema of flows without asking who they are', async () => {
    const response = await fetch(`${gateway.url}/schemas/flow.json`);
    expect(response.headers.get('content-type')).toContain('application/schema+json');
    expect(await response.json()).toEqual(JSON.parse(JSON.stringify(flowSchema())));
  });

  it('says ready when every projection has caught up, and lists them', async () => {
    const response = await fetch(`${gateway.url}/health/ready`);
    const body = (await response.json()) as { status: string; projections: { name: string; state: string }[] };
    expect([response.status, body.status]).toEqual([200, 'ready']);
    expect(body.projections.map(one => one.name)).toEqual([
      ...'access flows profiles skills runs approvals grants artifacts workspace-snapshots'.split(' '),
      ...'expired-files schedules webhooks event-triggers integrations cloud-sessions notification-channels'.split(' '),
      ...'notifications transcript search run-usage budgets costs'.split(' '),
    ]);
    expect((await fetch(`${gateway.url}/health/live`)).status).toBe(200);
  });
});
