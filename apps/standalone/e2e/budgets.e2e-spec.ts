import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '@runledger/testing';
import { profileNamed } from './counted-work.fixture.js';
import { enoughOfTheDay } from './day.fixture.js';
import { describeWith } from './machine.fixture.js';
import { argumentsOf, build, PATIENCE_MS, ROOT, TemporaryHome } from './platform-process.fixture.js';
import type { PlatformProcess } from './platform-process.fixture.js';

const execute = promisify(execFile);

/** A micro-dollar for each token of the scripted provider, so that its calls need money. */
const CARD = {
  currency: 'USD',
  models: [
    { provider: 'scripted', model: 'scripted', perMillionTokens: { input: 1_000_000, output: 1_000_000 } },
    { provider: 'anthropic', model: 'sonnet', perMillionTokens: { input: 1_000_000, output: 1_000_000 } },
  ],
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

/** A program that speaks the Agent Client Protocol: asked for anything, it asks its model once and says what that one said. */
const PROGRAM = `
import { createInterface } from 'node:readline';
const send = message => console.log(JSON.stringify({ jsonrpc: '2.0', ...message }));
const update = said => send({ method: 'session/update', params: { sessionId: 's', update: said } });
const answers = {
  initialize: () => ({ protocolVersion: 1, agentCapabilities: { loadSession: true }, authMethods: [] }),
  'session/new': () => ({ sessionId: 's' }),
  'session/load': () => {
    update({ sessionUpdate: 'user_message_chunk', content: { type: 'text', text: 'Ask.' } });
    return {};
  },
  'session/prompt': async () => {
    const body = JSON.stringify({ model: 'sonnet', max_tokens: 20_000, messages: [] });
    const answer = await fetch(process.env.ANTHROPIC_BASE_URL + '/v1/messages', { method: 'POST', body });
    update({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: answer.status + ' ' + (await answer.json()).said } });
    return { stopReason: 'end_turn' };
  },
};
createInterface({ input: process.stdin })
  .on('line', async line => {
    const { id, method, params } = JSON.parse(line);
    if (answers[method]) send({ id, result: await answers[method](params) });
  })
  .on('close', () => process.exit());
`;

const PROGRAM_FLOW = `
slug: program
defaults: { profile: with-program }
steps:
  - key: agent
    agent: { provider: claude-code, connection: claude, model: default, prompt: Ask. }
`;

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

describeWith('bwrap', 'curl')('a budget (needs bwrap and curl)', () => {
  const home = new TemporaryHome();
  let platform: PlatformProcess;

  beforeAll(async () => {
    build();
    await enoughOfTheDay();
    mkdirSync(join(home.path, 'program'));
    writeFileSync(join(home.path, 'program', 'agent.mjs'), PROGRAM);
    platform = await home.startQuiet({ SANDBOX_MOUNT_SOURCES: join(home.path, 'program') });
  }, PATIENCE_MS);
  afterAll(() => home.giveBack());

  const graphql = async <T>(query: string, variables: object = {}): Promise<T> => {
    const response = await fetch(`${platform.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${platform.token}` },
      body: JSON.stringify({ query, variables }),
    });
    return ((await response.json()) as { data: T }).data;
  };
  /** The scripts of the guide, run as a reader runs them. */
  const shell = async (script: string, ...args: readonly string[]): Promise<string> => {
    const env = { ...process.env, RUNLEDGER_URL: platform.url, RUNLEDGER_TOKEN: platform.token };
    const file = join(ROOT, 'examples', 'set-budgets', script);
    return (await execute('sh', [file, ...args], { env, timeout: 60_000 })).stdout;
  };
  const shown = async (id: string) => (await graphql<{ run: Shown }>(RUN, { id })).run;

  it('pauses a run before the call that it has no room for, and lets it go on when it is raised', async () => {
    const publish = `mutation ($card: JSON!) { setRateCard(input: { card: $card }) { ... on RateCardVersion { version } } }`;
    expect(await graphql(publish, { card: CARD })).toMatchObject({ setRateCard: { version: 2 } });
    await platform.api.publishProfile(profileNamed('small'));
    await platform.api.publishFlow(FLOW);
    const set = JSON.parse(await shell('set-budget.sh', 'EACH_RUN', '10000')) as object;
    expect(set).toMatchObject({ data: { setBudget: { limit: { formatted: '0.01 USD' } } } });
    await shell('set-budget.sh', 'WORKSPACE', '9000000');

    const runId = await platform.api.started('spending');
    // That it waits, and which runs a budget holds, are read models of their own.
    const held = await eventually(async () => {
      const run = await shown(runId);
      expect(run).toMatchObject({ status: 'PAUSED', cost: { budget: { heldRuns: [runId] } } });
      return run;
    });
    expect(held.waitingOn[0]).toMatchObject({ kind: 'BUDGET', step: 'agent', mayAct: 'BILLING_MANAGE' });
    expect(held.waitingOn[0]?.what).toMatch(/^The next call may cost 0\.0\d+ USD, and 0\.01 USD of 0\.01 USD is left/);
    expect(held.cost).toMatchObject({ total: null, reserved: { microUnits: '0' }, budget: { heldRuns: [runId] } });

    await shell('set-budget.sh', 'RUN', '500000', runId);
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
    expect(await shell('how-they-stand.sh')).toContain('"limit":{"formatted":"9.00 USD"}');
    expect(await shell('set-budget.sh', 'WORKSPACE', 'null')).toContain('"limit":null');
    const day = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
    const csv = await shell('what-it-cost.sh', day(-1), day(1));
    const reconciled = (amount: string) => {
      const invoice = join(home.path, 'invoice.csv');
      writeFileSync(invoice, `date,model,cost\n${day(0)},scripted,${amount}\n`);
      const env = { ...process.env, RUNLEDGER_URL: platform.url, RUNLEDGER_TOKEN: platform.token };
      const args = argumentsOf(['billing.js', 'reconcile', invoice, '--provider', 'scripted']);
      const { status, stdout } = spawnSync(process.execPath, args, { env, encoding: 'utf8' });
      return { status, stdout };
    };
    const paid = `0.${(cost.total?.microUnits ?? '').padStart(6, '0')}`;
    expect(reconciled(paid)).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/scripted +\S+ +\S+ +0\.000000 +SAME/) as string,
    });
    expect(reconciled('1.00')).toMatchObject({ status: 1, stdout: expect.stringContaining('DIFFERENT') as string });
    expect(csv).toContain(`,scripted/scripted,${cost.total?.microUnits ?? '?'},USD,2,0\r\n`);
  });

  it('holds for an agent that is a program: a call that does not fit never leaves, and it goes on when there is room', async () => {
    let asked = 0;
    const vendor = createServer((_request, response) => {
      asked += 1;
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ said: 'here I am', usage: { input_tokens: 1_000, output_tokens: 50 } }));
    }).listen(0, '127.0.0.1');
    await once(vendor, 'listening');
    try {
      const baseUrl = `http://127.0.0.1:${(vendor.address() as AddressInfo).port}`;
      const connect = `mutation ($input: IntegrationInput!) { connectIntegration(input: $input) { ... on Integration { name } } }`;
      const fields = { apiKey: 'sk-secret', baseUrl, command: 'node /mnt/program/agent.mjs' };
      const input = { name: 'claude', kind: 'claude-code', fields };
      expect(await graphql(connect, { input })).toMatchObject({ connectIntegration: { name: 'claude' } });
      const mounts = [{ source: join(home.path, 'program'), target: '/mnt/program', mode: 'ro' as const }];
      await platform.api.publishProfile({ ...profileNamed('with-program'), mounts });
      await platform.api.publishFlow(PROGRAM_FLOW);
      const runId = await platform.api.started('program');
      await eventually(async () => (await shown(runId)).status === 'PAUSED');
      expect((await shown(runId)).waitingOn[0]).toMatchObject({ kind: 'BUDGET', step: 'agent' });
      expect(asked).toBe(0);
      await shell('set-budget.sh', 'RUN', '500000', runId);
      await eventually(async () => (await shown(runId)).status === 'COMPLETED');
      expect(asked).toBe(1);
      await eventually(async () => (await shown(runId)).cost.reserved?.microUnits === '0');
      expect((await shown(runId)).cost).toMatchObject({ total: { microUnits: '1050' } });
    } finally {
      vendor.close();
    }
  });
});
