import { ALL_SCOPES } from '@runledger/contracts';
import { testGateway, type TestGateway } from '../gateway.fixture.js';
import { AccessDesk } from './access-desk.js';

describe('setting up an installation', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway();
  });
  afterAll(() => gateway.close());

  it('makes one workspace with an owner, and shows the first token once', async () => {
    const desk = gateway.app.get(AccessDesk);
    const first = await desk.bootstrapWorkspace();
    const again = await desk.bootstrapWorkspace();
    const fresh = await desk.bootstrapWorkspace({ freshToken: true });
    expect(first).toEqual({ workspaceId: 'ws_default', memberId: 'mem_owner', token: expect.stringMatching(/^rl_/) });
    expect(again).toEqual({ ...first, token: undefined });
    expect(fresh.token).not.toBe(first.token);

    for (const token of [first.token, fresh.token]) {
      const { data } = await gateway.graphql<{ viewer: { scopes: string[]; tokens: object[] } }>(
        token,
        '{ viewer { scopes tokens { name revokedAt } } }',
      );
      expect([data.viewer.scopes.length, data.viewer.tokens.length]).toEqual([ALL_SCOPES.length, 2]);
    }
    const { events } = await gateway.store.readAll({ after: 0n, tenant: 'ws_default' });
    expect(events.map(event => event.type)).toEqual(['WorkspaceCreated', 'MemberAdded', 'TokenIssued', 'TokenIssued']);
    expect(JSON.stringify(events.map(event => event.data))).not.toContain(first.token?.slice(-43));
  });
});
