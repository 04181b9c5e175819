import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { eventually, ModelVendor } from '@runledger/testing';
import type { ApiClient, Result } from './api-client.fixture.js';
import { profileNamed } from './counted-work.fixture.js';
import { describeWith } from './machine.fixture.js';
import { build, PATIENCE_MS, TemporaryHome } from './platform-process.fixture.js';
import type { PlatformProcess } from './platform-process.fixture.js';

const execute = promisify(execFile);
const exitCodeOf = (program: string, ...args: readonly string[]): Promise<number> =>
  execute(program, args).then(
    () => 0,
    (error: { readonly code: number }) => error.code,
  );
/** A machine at work has hundreds of them, with kilobytes of environment each. */
const OF_ALL_PROCESSES_BYTES = 64 * 1_048_576;
/** Words that no pattern of a log knows as a secret. */
const [WRONG, RIGHT] = ['wrong-horse-battery-staple', 'correct-horse-battery-staple'];

const FLOW = `
slug: asking-claude
defaults: { profile: small }
steps:
  - key: ask
    agent: { provider: anthropic, model: claude-double, prompt: Look around., tools: [bash] }
`;
const HARVEST =
  'env; cat /proc/*/environ /proc/*/cmdline 2>/dev/null | tr "\\0" "\\n"; grep -rs horse / --include="*.key" --include="*.json"; true';

interface Shown {
  readonly name: string;
  readonly kind: string;
  readonly state: string;
  readonly fields: readonly { readonly name: string; readonly secret: boolean; readonly value: string | null }[];
  readonly lastError: { readonly code: string } | null;
}

describeWith('bwrap', 'grep')('a model provider that is connected to a workspace (needs bwrap and grep)', () => {
  const home = new TemporaryHome();
  let vendor: ModelVendor;
  let platform: PlatformProcess;
  let api: ApiClient;

  beforeAll(async () => {
    build();
    vendor = await ModelVendor.start();
    platform = await home.start({ LOG_LEVEL: 'trace', RUNLEDGER_SAMPLE: 'off' });
    api = platform.api;
    expect(await api.publishProfile(profileNamed('small'))).toMatchObject({ __typename: 'SandboxProfile' });
    expect(await api.publishFlow(FLOW)).toMatchObject({ __typename: 'FlowVersion' });
  }, PATIENCE_MS);
  afterAll(async () => {
    await vendor.close();
    await home.giveBack();
  }, PATIENCE_MS);

  async function connect(name: string, kind: string, fields: unknown): Promise<Result> {
    const query = `mutation ($input: IntegrationInput!) { result: connectIntegration(input: $input) { __typename
      ... on Integration { name state } ... on Refusal { code message fix details { path message fix } } } }`;
    return (await api.data<{ result: Result }>(query, { input: { name, kind, fields } })).result;
  }

  async function shown(): Promise<readonly Shown[]> {
    const query = '{ integrations { name kind state fields { name secret value } lastError { code } } }';
    return (await api.data<{ integrations: Shown[] }>(query)).integrations;
  }

  it(
    'declines the start until it is there, blocks the run while its key is refused, and lets it go on with the right one',
    async () => {
      expect(await api.startRun({ flow: 'asking-claude' })).toMatchObject({ code: 'PROVIDER_NOT_CONNECTED' });
      expect(await connect('claude', 'anthropic', { baseUrl: vendor.url })).toMatchObject({
        code: 'INVALID_INTEGRATION',
        details: [{ path: 'fields.apiKey' }],
      });

      vendor.answers(
        'claude-double',
        { kind: 'refused', status: 401, code: 'authentication_error', message: `bad key ${WRONG}` },
        { tools: [{ id: 'call_1', name: 'bash', input: { command: HARVEST } }] },
        { text: 'I have looked around.' },
      );
      await connect('claude', 'anthropic', { apiKey: WRONG, baseUrl: vendor.url });
      const run = await api.started('asking-claude');
      await api.reaches(run, 'BLOCKED');
      await eventually(async () =>
        expect(await shown()).toMatchObject([{ name: 'claude', state: 'FAILING', lastError: { code: 'auth' } }]),
      );

      await connect('claude', 'anthropic', { apiKey: RIGHT, baseUrl: vendor.url });
      const done = await api.reaches(run, 'COMPLETED');
      expect(done.timeline[0]).toMatchObject({ summary: 'I have looked around.' });
      expect(done.timeline[0]!.attempts).toHaveLength(2);
      expect(vendor.requests.map(({ headers }) => headers['x-api-key'])).toEqual([WRONG, RIGHT, RIGHT]);
      // Runs, integrations and transcripts are a read model each.
      await eventually(async () => {
        expect(await shown()).toMatchObject([
          {
            kind: 'anthropic',
            state: 'CONNECTED',
            lastError: null,
            fields: [
              { name: 'baseUrl', secret: false, value: vendor.url },
              { name: 'apiKey', secret: true, value: null },
            ],
          },
        ]);
        expect(JSON.stringify(await api.transcript(run))).toContain('PATH=');
      });
    },
    PATIENCE_MS,
  );

  it('shows its key nowhere: not to the sandbox, in the log of events, in logs, in a file, or on a command line (S1)', async () => {
    const query = '{ events(first: 200) { nodes { type data } } }';
    const { events } = await api.data<{ events: { nodes: readonly { type: string }[] } }>(query);
    expect(events.nodes.map(({ type }) => type)).toContain('IntegrationConnected');
    const seen = [JSON.stringify(events), platform.output, platform.errors, await (await api.fetch('/metrics')).text()];
    for (const text of seen) expect(text).not.toMatch(/horse-battery/);
    const { stdout: processes } = await execute('ps', ['axeww', '-o', 'args='], { maxBuffer: OF_ALL_PROCESSES_BYTES });
    expect(processes).not.toMatch(/(wrong|correct)-horse-battery/);
    // Exit code 1 of grep: no file of the installation has it, those of the database included. 2: one went away meanwhile.
    let code = 2;
    await eventually(async () => (code = await exitCodeOf('grep', '-rqs', 'horse-battery', home.path)) !== 2);
    expect(code).toBe(1);
  });

  it('is taken away with its key', async () => {
    const query = 'mutation { result: disconnectIntegration(name: "claude") { __typename } }';
    expect((await api.data<{ result: Result }>(query)).result.__typename).toBe('DisconnectedIntegration');
    expect(await shown()).toEqual([]);
    expect(await api.startRun({ flow: 'asking-claude' })).toMatchObject({ code: 'PROVIDER_NOT_CONNECTED' });
  });
});
