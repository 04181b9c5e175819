import {
  ExportAudit,
  DescribeSandboxDrivers,
  PublishFlow,
  PublishSandboxProfile,
  PublishSkill,
  StartRun,
  CancelRun,
  Decide,
  SandboxProfilePublished,
  SkillVersionPublished,
} from '@runledger/contracts';
import { DEFAULT_LIMITS, RunCancelRequested, RunCancelled, type ProfileDefinition } from '@runledger/contracts';
import { newUuid, type CommandContext } from '@runledger/event-store';
import { reject, streamOf, type DomainEvent } from '@runledger/kernel';
import { CommandRegistry } from '@runledger/platform';
import { testGateway, type TestGateway } from './gateway.fixture.js';
import { at, published, story, upToTheGate } from './runs/run-story.fixture.js';

const PROFILE: ProfileDefinition = {
  slug: 'local',
  name: 'Local',
  isolation: 'bubblewrap',
  repositories: [],
  mounts: [],
  env: {},
  resourceClass: 'small',
  limits: DEFAULT_LIMITS,
  network: 'none',
};

const START = `mutation ($input: StartRunInput!) { startRun(input: $input) {
  __typename ... on Run { id number status parameters startedBy { id name } } ... on Refusal { code message fix details { path message } } } }`;
const CANCEL =
  'mutation ($id: ID!) { cancelRun(runId: $id) { __typename ... on Run { status } ... on Refusal { code message fix } } }';
const DECIDE = `mutation ($input: DecisionInput!) { decide(input: $input) { __typename
  ... on ApprovalRequest { state decision { decision comment by { name } } run { id } }
  ... on DecisionRefused { code message request { state decision { decision } } } } }`;

/** What the other services would write and answer, at the border between them and the gateway. */
describe('commands', () => {
  let gateway: TestGateway;
  let ada: string;
  let bob: string;
  const seen: CommandContext[] = [];
  const asked: object[] = [];

  const append = async (
    context: CommandContext,
    stream: string,
    event: DomainEvent,
    correlationId = context.correlationId,
  ) => {
    const { actor, workspaceId, occurredAt, commandId } = context;
    const metadata = { correlationId, causationId: commandId, actor, workspaceId, occurredAt, schemaVersion: 1 };
    const outcome = await gateway.store.append(
      { tenant: workspaceId, name: stream },
      [{ id: newUuid(), ...event, metadata }],
      'any',
    );
    if (outcome.status !== 'appended') throw new TypeError(outcome.status);
    return outcome.position;
  };

  beforeAll(async () => {
    gateway = await testGateway();
    ada = await gateway.tokenFor('ws_acme', 'mem_ada');
    bob = await gateway.tokenFor('ws_acme', 'mem_bob', ['flows.read', 'flows.run']);
    await gateway.tell({ workspaceId: 'ws_acme', stream: 'flow-release' }, published());
  });
  afterAll(() => gateway.close());

  it('are answered with a typed error while the service that owns them is not there yet, a start with a decline', async () => {
    const { status, errors } = await gateway.graphql(ada, DECIDE, {
      input: { requestId: 'apr_1', decision: 'APPROVE' },
    });
    expect([status, errors?.[0]?.extensions.code]).toEqual([503, 'PLATFORM_STARTING']);
    const start = 'mutation { startRun(input: { flow: "release" }) { ... on RunDeclined { code retryable fix } } }';
    const declined = { code: 'PLATFORM_STARTING', retryable: true, fix: 'Try again in a few seconds.' };
    expect((await gateway.graphql(ada, start)).data).toEqual({ startRun: declined });
  });

  describe('with the services at work', () => {
    beforeAll(() => {
      const commands = gateway.app.get(CommandRegistry, { strict: false });
      const runs = new Map<string, string>();
      commands.answer(StartRun, async (input, context) => {
        seen.push(context);
        asked.push(input.choices);
        if (input.flow !== 'release') {
          const details = [{ path: 'flow', message: 'No such flow.' }];
          return {
            status: 'refused',
            refusal: reject('FLOW_NOT_FOUND', 'There is no flow nope.', { fix: 'Publish it.', details }),
          };
        }
        const key = input.idempotencyKey ?? newUuid();
        const known = runs.get(key);
        if (known !== undefined)
          return { status: 'accepted', output: { runId: known, created: false }, position: undefined };
        const runId = `run_${newUuid()}`;
        runs.set(key, runId);
        const by = { kind: 'member' as const, id: context.actor.id };
        const started = story(runId).started(context.occurredAt, by);
        const position = await append(context, streamOf('run', runId), started, runId);
        return { status: 'accepted', output: { runId, created: true }, position };
      });
      commands.answer(CancelRun, async ({ runId }, context) => {
        seen.push(context);
        const by = { kind: 'member' as const, id: context.actor.id };
        await append(
          context,
          streamOf('run', runId),
          RunCancelRequested({ runId, mode: 'GRACEFUL', by, requestedAt: at(30) }),
        );
        const position = await append(
          context,
          streamOf('run', runId),
          RunCancelled({ runId, by, cancelledAt: at(31) }),
        );
        return { status: 'accepted', output: { runId }, position };
      });
      commands.answer(Decide, async (input, context) => {
        seen.push(context);
        const runId = context.correlationId;
        if (input.shownHash === 'stale')
          return { status: 'refused', refusal: reject('SHOWN_CHANGED', 'It shows something else now.') };
        const position = await append(context, streamOf('approval', input.requestId), story(runId).decided());
        return {
          status: 'accepted',
          output: { requestId: input.requestId, runId, decision: input.decision, votes: 1, needed: 1 },
          position,
        };
      });
      commands.answer(PublishFlow, () => {
        const details = [{ path: 'steps.0.run', message: 'is empty', line: 4, column: 3, fix: 'Write a script.' }];
        return Promise.resolve({ status: 'refused', refusal: reject('INVALID_FLOW', 'One problem.', { details }) });
      });
      commands.answer(DescribeSandboxDrivers, () => {
        const strong = { memory: 'hard', pids: 'hard', cpu: 'hard', tmpBytes: 'hard', network: 'hard' } as const;
        const limits = { ...strong, workspaceBytes: 'soft', processTree: 'soft' } as const;
        const docker = { name: 'docker', isolation: 'docker', state: 'UNAVAILABLE', limits, freeze: false } as const;
        const drivers = [{ ...docker, problem: 'No Docker Engine answers.' }];
        return Promise.resolve({ status: 'accepted', output: { drivers }, position: undefined });
      });
      commands.answer(PublishSandboxProfile, async ({ definition }, context) => {
        const { slug } = definition;
        const publishedBy = { kind: 'member' as const, id: context.actor.id };
        const event = SandboxProfilePublished({
          profileId: `prof_${slug}`,
          slug,
          version: 1,
          definition,
          publishedBy,
          publishedAt: at(0),
        });
        const position = await append(context, `profile-${slug}`, event);
        return { status: 'accepted', output: { profileId: `prof_${slug}`, slug, version: 1, created: true }, position };
      });
      commands.answer(PublishSkill, async ({ definition }, context) => {
        const { slug } = definition;
        const published = { skillId: `skill_${slug}`, slug, version: 1, hash: 'cafe' };
        const publishedBy = { kind: 'member' as const, id: context.actor.id };
        const event = SkillVersionPublished({ ...published, definition, publishedBy, publishedAt: at(0) });
        const position = await append(context, `skill-${slug}`, event);
        return { status: 'accepted', output: { ...published, created: true }, position };
      });
      commands.answer(ExportAudit, ({ runId, cursor }) => {
        if (runId === 'run_gone')
          return Promise.resolve({ status: 'refused', refusal: reject('RUN_NOT_FOUND', 'No such run.') });
        const page = Number(cursor ?? 0);
        const lines = [`{"line":${page * 2}}`, `{"line":${page * 2 + 1}}`];
        const output = page < 2 ? { lines, next: String(page + 1) } : { lines };
        return Promise.resolve({ status: 'accepted', output, position: undefined });
      });
    });

    it('start a run in the caller’s name and answer with the run itself', async () => {
      const { data } = await gateway.graphql(bob, START, {
        input: { flow: 'release', parameters: { target: 'staging' } },
      });
      expect(data.startRun).toMatchObject({
        __typename: 'Run',
        number: 1,
        status: 'PENDING',
        startedBy: { id: 'mem_bob' },
      });
      expect(seen.at(-1)).toMatchObject({
        workspaceId: 'ws_acme',
        actor: { kind: 'member', id: 'mem_bob', name: 'bob', via: 'token' },
      });
    });

    it('answer a refused start with what would make it succeed', async () => {
      const { data } = await gateway.graphql(ada, START, { input: { flow: 'nope' } });
      expect(data.startRun).toEqual({
        __typename: 'RunDeclined',
        code: 'FLOW_NOT_FOUND',
        message: 'There is no flow nope.',
        fix: 'Publish it.',
        details: [{ path: 'flow', message: 'No such flow.' }],
      });
      const unfit = await gateway.graphql(ada, START, { input: { flow: 'release', parameters: [1] } });
      expect(unfit.errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
    });

    it('start nothing twice when a program sends the same key again', async () => {
      const send = async (token: string, body: object) => {
        const headers = {
          'content-type': 'application/json',
          'idempotency-key': 'k1',
          authorization: `Bearer ${token}`,
        };
        const response = await fetch(`${gateway.url}/api/v1/trigger`, {
          method: 'POST',
          headers,
          body: JSON.stringify(body),
        });
        return { status: response.status, body: (await response.json()) as { runId: string; error: object } };
      };
      const first = await send(ada, { flow: 'release', parameters: { target: 'x' } });
      const second = await send(ada, { flow: 'release', parameters: { target: 'x' } });
      expect([first.status, second.status, second.body.runId]).toEqual([202, 200, first.body.runId]);
      expect(await send(ada, { flow: 'nope' })).toMatchObject({
        status: 422,
        body: { error: { code: 'FLOW_NOT_FOUND', details: [{ path: 'flow' }] } },
      });
      // The run's choices are taken flat, or in an object as GraphQL shows them.
      await send(ada, { flow: 'release', choices: { profile: 'local', execution: 'BACKGROUND' } });
      expect(asked.at(-1)).toEqual({ profile: 'local', execution: 'BACKGROUND' });
      await send(ada, { flow: 'release', checkpointMode: 'EVERY_STEP', choices: { profile: 'local' } });
      expect(asked.at(-1)).toEqual({ profile: 'local', checkpointMode: 'EVERY_STEP' });
      expect(await send(ada, { flow: 'release', nonsense: 1 })).toMatchObject({
        status: 400,
        body: { error: { code: 'BAD_USER_INPUT' } },
      });
      const reader = await gateway.tokenFor('ws_acme', 'mem_ada', ['flows.read']);
      expect(await send(reader, { flow: 'release' })).toMatchObject({
        status: 403,
        body: { error: { code: 'FORBIDDEN' } },
      });
      expect(await send(ada, { flow: 'x'.repeat(201) })).toMatchObject({
        status: 400,
        body: { error: { code: 'BAD_USER_INPUT' } },
      });
      expect(await send('rl_nobody', { flow: 'release' })).toMatchObject({ status: 401 });
    });

    it('cancel own runs; those of others only with flows.cancel.any', async () => {
      const own = await gateway.graphql(bob, START, { input: { flow: 'release' } });
      const others = await gateway.graphql(ada, START, { input: { flow: 'release' } });
      const refused = await gateway.graphql(bob, CANCEL, { id: others.data.startRun.id });
      expect(refused.data.cancelRun).toMatchObject({
        __typename: 'RunRefused',
        code: 'FORBIDDEN',
        fix: expect.stringContaining('flows.cancel.any'),
      });
      const cancelled = await gateway.graphql(bob, CANCEL, { id: own.data.startRun.id });
      expect(cancelled.data.cancelRun).toEqual({ __typename: 'Run', status: 'CANCELLED' });
      expect(seen.at(-1)?.correlationId).toBe(own.data.startRun.id);
      const byAda = await gateway.graphql(ada, START, { input: { flow: 'release' } });
      const any = await gateway.graphql(ada, CANCEL, { id: byAda.data.startRun.id });
      expect(any.data.cancelRun.status).toBe('CANCELLED');
    });

    it('decide at a gate in the story of its run, and show the decision that stands when refused', async () => {
      const runId = `run_${newUuid()}`;
      await gateway.tell({ workspaceId: 'ws_acme', stream: streamOf('run', runId), runId }, ...upToTheGate(runId));
      const { requestId } = story(runId);
      const stale = await gateway.graphql(bob, DECIDE, {
        input: { requestId, decision: 'APPROVE', shownHash: 'stale' },
      });
      expect(stale.data.decide).toMatchObject({
        __typename: 'DecisionRefused',
        code: 'SHOWN_CHANGED',
        request: { state: 'OPEN', decision: null },
      });
      const decided = await gateway.graphql(bob, DECIDE, { input: { requestId, decision: 'APPROVE', comment: 'Go.' } });
      expect(decided.data.decide).toEqual({
        __typename: 'ApprovalRequest',
        state: 'DECIDED',
        decision: { decision: 'APPROVE', comment: 'Go.', by: { name: 'Ada' } },
        run: { id: runId },
      });
      expect(seen.at(-1)?.correlationId).toBe(runId);
    });

    it('publish, or say line by line what is wrong', async () => {
      const flow = await gateway.graphql(
        ada,
        'mutation { publishFlow(input: { source: "x" }) { ... on FlowRefused { code details { path line column fix } } } }',
      );
      expect(flow.data.publishFlow).toEqual({
        code: 'INVALID_FLOW',
        details: [{ path: 'steps.0.run', line: 4, column: 3, fix: 'Write a script.' }],
      });
      const mutation = `mutation ($definition: JSON!) { publishSandboxProfile(input: { definition: $definition }) { __typename
        ... on SandboxProfile { id version isolation definition } ... on Refusal { code details { path } } } }`;
      const good = await gateway.graphql(ada, mutation, { definition: PROFILE });
      expect(good.data.publishSandboxProfile).toEqual({
        __typename: 'SandboxProfile',
        id: 'prof_local',
        version: 1,
        isolation: 'bubblewrap',
        definition: PROFILE,
      });
      const bad = await gateway.graphql(ada, mutation, {
        definition: { ...PROFILE, limits: { ...DEFAULT_LIMITS, pids: 0 } },
      });
      expect(bad.data.publishSandboxProfile).toMatchObject({
        code: 'INVALID_PROFILE',
        details: [{ path: 'limits.pids' }],
      });
    });

    it('say with what sandboxes are made, and what holds there', async () => {
      const query = '{ sandboxDrivers { name isolation state problem limits { name strength } freeze } }';
      const { data } = await gateway.graphql(bob, query);
      const [docker] = data.sandboxDrivers as [Record<string, unknown>];
      expect(docker).toMatchObject({ name: 'docker', state: 'UNAVAILABLE', problem: 'No Docker Engine answers.' });
      expect(docker['limits']).toContainEqual({ name: 'workspaceBytes', strength: 'soft' });
    });

    it('publish skills, and list them', async () => {
      const mutation = `mutation ($input: SkillInput!) { publishSkill(input: $input) { __typename
        ... on Skill { id name version tools mcpServers output } ... on Refusal { code details { path } } } }`;
      const mcpServers = [{ name: 'tickets', url: 'https://tickets.example.com/mcp' }];
      const given = { tools: ['read_file'], mcpServers, output: { type: 'object' } };
      const input = { slug: 'review', instructions: 'Be strict.', ...given };
      const skill = { id: 'skill_review', name: 'review', version: 1, ...given };
      const good = await gateway.graphql(ada, mutation, { input });
      expect(good.data.publishSkill).toEqual({ __typename: 'Skill', ...skill });
      const { data } = await gateway.graphql(ada, '{ skills { slug instructions description } }');
      expect(data.skills).toEqual([{ slug: 'review', instructions: 'Be strict.', description: null }]);
      const bad = await gateway.graphql(ada, mutation, { input: { ...input, tools: ['fly'] } });
      expect(bad.data.publishSkill).toMatchObject({ code: 'INVALID_SKILL', details: [{ path: 'tools.0' }] });
    });

    it('export a run whole, page by page, for those with audit.read', async () => {
      const response = await fetch(`${gateway.url}/api/v1/runs/run_1/audit.ndjson`, {
        headers: { authorization: `Bearer ${ada}` },
      });
      expect(await response.text()).toBe([0, 1, 2, 3, 4, 5].map(line => `{"line":${line}}\n`).join(''));
      expect(response.headers.get('content-disposition')).toBe('attachment; filename="run_1.audit.ndjson"');
      const gone = await fetch(`${gateway.url}/api/v1/runs/run_gone/audit.ndjson`, {
        headers: { authorization: `Bearer ${ada}` },
      });
      expect([gone.status, await gone.json()]).toMatchObject([404, { error: { code: 'NOT_FOUND' } }]);
      const refused = await fetch(`${gateway.url}/api/v1/runs/run_1/audit.ndjson`, {
        headers: { authorization: `Bearer ${bob}` },
      });
      expect([refused.status, await refused.json()]).toMatchObject([403, { error: { code: 'FORBIDDEN' } }]);
    });

    it.each(['audit.ndjson?from=2026-12-01&to=2026-11-01', 'audit.ndjson?form=2026-12-01', 'costs.csv?groupby=FLOW'])(
      'refuse %s: an answer without what was meant would pass for all that there is',
      async asked => {
        const response = await fetch(`${gateway.url}/api/v1/${asked}`, { headers: { authorization: `Bearer ${ada}` } });
        const error = { code: 'BAD_USER_INPUT', message: expect.any(String), fix: expect.any(String) };
        expect([response.status, await response.json()]).toEqual([400, { error }]);
      },
    );
  });
});
