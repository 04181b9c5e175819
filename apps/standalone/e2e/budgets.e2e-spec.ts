import { eventually } from '@runledger/testing';
import { profileNamed } from './counted-work.fixture.js';
import { describeWith } from './machine.fixture.js';
import { build, TemporaryHome } from './platform-process.fixture.js';
import type { PlatformProcess } from './platform-process.fixture.js';

/** A micro-dollar for each token of the scripted provider, so that its calls need money. */
const CARD = {
  currency: 'USD',
  models: [{ provider: 'scripted', model: 'scripted', perMillionTokens: { input: 1_000_000, output: 1_000_000 } }],
  compute: [
    { resourceClass: 'small', perHour: 0 },
    { resourceClass: 'standard', perHour: 0 },
  ],
  free: [],
};

const FLOW = `
slug: spending
defaults: { profile: small }
steps:
  - key: agent
    agent:
      provider: scripted
      model: scripted
      prompt: Count.
      script:
        - { tools: [{ name: bash, arguments: { command: echo one } }] }
        - { text: Done. }
`;

const SET = `mutation ($input: BudgetInput!) { setBudget(input: $input) {
  ... on Budget { id scope limit { microUnits } standing { spent { microUnits } } }
  ... on BudgetRefused { code message } } }`;
const RUN = `query ($id: ID!) { run(id: $id) {
  status statusReason waitingOn { kind what step mayAct }
  cost { total { microUnits } unpriced reserved { microUnits } budget { spent { microUnits } available { microUnits } heldRuns } } } }`;

interface Shown {
  readonly status: string;
  readonly waitingOn: readonly { readonly kind: string; readonly what: string; readonly step: string | null }[];
  readonly cost: {
    readonly total: { readonly microUnits: string } | null;
    readonly reserved: { readonly microUnits: string } | null;
    readonly budget: { readonly spent: { readonly microUnits: string }; readonly heldRuns: readonly string[] } | null;
  };
}

describeWith('bwrap')('a budget (needs bwrap)', () => {
  const home = new TemporaryHome();
  let platform: PlatformProcess;

  beforeAll(async () => {
    build();
    platform = await home.start({ RUNLEDGER_SAMPLE: 'off' });
  }, 60_000);
  afterAll(() => home.giveBack());

  const graphql = async <T>(query: string, variables: object = {}): Promise<T> => {
    const response = await fetch(`${platform.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${platform.token}` },
      body: JSON.stringify({ query, variables }),
    });
    return ((await response.json()) as { data: T }).data;
  };
  const shown = async (id: string) => (await graphql<{ run: Shown }>(RUN, { id })).run;

  it('pauses a run before the call that it has no room for, and lets it go on when it is raised', async () => {
    const publish = `mutation ($card: JSON!) { setRateCard(input: { card: $card }) { ... on RateCardVersion { version } } }`;
    expect(await graphql(publish, { card: CARD })).toMatchObject({ setRateCard: { version: 2 } });
    await platform.api.publishProfile(profileNamed('small'));
    await platform.api.publishFlow(FLOW);
    await graphql(SET, { input: { scope: 'EACH_RUN', limitMicroUnits: '10000' } });
    await graphql(SET, { input: { scope: 'WORKSPACE', limitMicroUnits: '9000000' } });

    const runId = await platform.api.started('spending');
    await eventually(async () => (await shown(runId)).status === 'PAUSED');
    const held = await shown(runId);
    expect(held.waitingOn[0]).toMatchObject({ kind: 'BUDGET', step: 'agent', mayAct: 'BILLING_MANAGE' });
    expect(held.waitingOn[0]?.what).toMatch(/^The next call may cost 0\.0\d+ USD, and 0\.01 USD of 0\.01 USD is left/);
    expect(held.cost).toMatchObject({ total: null, reserved: { microUnits: '0' }, budget: { heldRuns: [runId] } });

    await graphql(SET, { input: { scope: 'RUN', id: runId, limitMicroUnits: '500000' } });
    await eventually(async () => (await shown(runId)).status === 'COMPLETED');
    await eventually(async () => (await shown(runId)).cost.reserved?.microUnits === '0');
    const { cost } = await shown(runId);
    expect(Number(cost.total?.microUnits)).toBeGreaterThan(0);
    expect(cost.budget?.spent.microUnits).toBe(cost.total?.microUnits);
    const query = '{ budgets { scope scopeId standing { spent { microUnits } reserved { microUnits } } } }';
    const { budgets } = await graphql<{ budgets: readonly object[] }>(query);
    expect(budgets).toContainEqual({
      scope: 'WORKSPACE',
      scopeId: null,
      standing: { spent: { microUnits: cost.total?.microUnits }, reserved: { microUnits: '0' } },
    });
  });
});
