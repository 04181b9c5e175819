import { DEFAULT_LIMITS, type ProfileDefinition } from '@runledger/contracts';
import { AnsweringServices } from './answering-services.fixture.js';
import { testGateway, type TestGateway } from './gateway.fixture.js';

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

describe('commands for what runs are made of, and exports of them', () => {
  let gateway: TestGateway;
  let ada: string;
  let bob: string;

  beforeAll(async () => {
    gateway = await testGateway();
    ada = await gateway.tokenFor('ws_acme', 'mem_ada');
    bob = await gateway.tokenFor('ws_acme', 'mem_bob', ['flows.read', 'flows.run']);
    new AnsweringServices(gateway);
  });
  afterAll(() => gateway.close());

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
