import { AgentSessionOpened, AttemptEnded } from '@runledger/contracts';
import { testGateway, type TestGateway } from '../gateway.fixture.js';

const RUN = 'run_0198f3a0-0000-7000-8000-000000000001';

describe('the list of agents that work elsewhere', () => {
  let gateway: TestGateway;
  let reader: string;
  let stranger: string;
  beforeAll(async () => {
    gateway = await testGateway();
    reader = await gateway.tokenFor('ws_acme', 'mem_rob', ['flows.read']);
    stranger = await gateway.tokenFor('ws_other', 'mem_eve');
  });
  afterAll(() => gateway.close());

  it('shows those that are still followed apart, and nobody else’s', async () => {
    const at = '2026-11-21T10:00:00.000Z';
    const open = async (attempt: number, url?: string) => {
      const place = { attemptId: `att_cloud.${attempt}`, runId: RUN, step: 'build', attempt };
      const session = { ...place, sessionId: `bc-${attempt}`, program: 'Cursor cloud agent', ...(url && { url }), at };
      const stream = { workspaceId: 'ws_acme', stream: `attempt-cloud.${attempt}`, runId: RUN };
      await gateway.tell(stream, AgentSessionOpened(session));
      const ended = { outcome: 'SUCCESS', cancelled: false, turns: 1, elapsedMs: 5, endedAt: at } as const;
      if (attempt === 1) await gateway.tell(stream, AttemptEnded({ ...place, ...ended }));
    };
    await open(1, 'https://cursor.com/agents?id=bc-1');
    await open(2, 'https://cursor.com/agents?id=bc-2');
    await open(3); // a program in a sandbox
    const list =
      'query ($open: Boolean) { cloudSessions(open: $open, first: 5) { nodes { id url step attempt outcome endedAt } } }';
    const sessions = async (token: string, variables = {}) =>
      (await gateway.graphql(token, list, variables)).data.cloudSessions.nodes as unknown;
    const second = {
      id: 'bc-2',
      url: 'https://cursor.com/agents?id=bc-2',
      step: 'build',
      attempt: 2,
      outcome: null,
      endedAt: null,
    };
    expect(await sessions(reader)).toMatchObject([second, { id: 'bc-1', outcome: 'SUCCESS', endedAt: at }]);
    expect(await sessions(reader, { open: true })).toEqual([second]);
    expect(await sessions(stranger)).toEqual([]);
    const refused = await gateway.graphql(await gateway.tokenFor('ws_acme', 'mem_bill', ['billing.read']), list);
    expect(refused.errors?.[0]?.extensions.code).toBe('FORBIDDEN');
  });
});
