import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '@runledger/testing';
import { ApiClient } from './api-client.fixture.js';
import { describeWith } from './machine.fixture.js';
import { build, PATIENCE_MS, ROOT, TemporaryHome } from './platform-process.fixture.js';
import type { PlatformProcess } from './platform-process.fixture.js';
import { Tracker } from './tickets.fixture.js';

const execute = promisify(execFile);
const EXAMPLES = join(ROOT, 'examples');

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Looked {
  readonly timeline: readonly {
    readonly summary: string | null;
    readonly attempts: readonly { readonly outcome: string | null }[];
    readonly artifacts: readonly { readonly path: string }[];
  }[];
  readonly lineage: { readonly rerunOf: object | null; readonly reruns: readonly object[] };
}

/** The scripts that the guides quote, run as a reader runs them. */
describeWith('bwrap', 'curl')('the examples of the guides (needs bwrap and curl)', () => {
  const home = new TemporaryHome();
  let platform: PlatformProcess;
  let tracker: Tracker;

  beforeAll(async () => {
    build();
    tracker = await Tracker.open();
    const module = join(EXAMPLES, 'steps-in-code', 'functions.mjs');
    platform = await home.startQuiet({ ORCHESTRATOR_FUNCTIONS: module, TRACKER_URL: tracker.url });
    expect(await node('publish-flow/publish.mjs', join(EXAMPLES, 'hello-flow'))).toMatchObject({ code: 0 });
  }, PATIENCE_MS);

  afterAll(async () => {
    await home.giveBack();
    await tracker.close();
  });

  const run = async (program: string, args: readonly string[], token: string): Promise<Outcome> => {
    const env = { ...process.env, RUNLEDGER_URL: platform.url, RUNLEDGER_TOKEN: token };
    try {
      return { code: 0, ...(await execute(program, [...args], { cwd: home.path, env, timeout: 60_000 })) };
    } catch (error) {
      const { code, stdout, stderr } = error as Outcome;
      return { code, stdout, stderr };
    }
  };
  const node = (script: string, ...args: readonly string[]) =>
    run(process.execPath, [join(EXAMPLES, script), ...args], platform.token);
  const shell = (script: string, ...args: readonly string[]) =>
    run('sh', [join(EXAMPLES, 'call-the-api', script), ...args], platform.token);
  const answer = async (script: string, ...args: readonly string[]) =>
    (JSON.parse((await shell(script, ...args)).stdout) as { data: Record<string, Record<string, never>> }).data;

  it('publish profile and flow, and name every mistake with its line', async () => {
    const flow = readFileSync(join(EXAMPLES, 'hello-flow', 'flow.yaml'), 'utf8');
    writeFileSync(
      join(home.path, 'flow.yaml'),
      flow.replace('needs: [draft]', 'needs: [darft]').replace('gate:', 'gat:'),
    );
    const { code, stderr } = await node('publish-flow/publish.mjs', home.path);
    expect(code).toBe(1);
    expect(stderr).toContain('INVALID_FLOW: The flow has 3 problems.');
    expect(stderr).toMatch(/flow\.yaml:30:13: .*Did you mean `draft`\?/);
    expect(stderr).toMatch(/flow\.yaml:51:5: .*`gat` is not known here\. Did you mean `gate`\?/);
  });

  it.each([
    [[], {}, 'Name a folder: node examples/publish-flow/publish.mjs examples/hello-flow'],
    [['no-such-folder'], {}, 'no-such-folder has neither a profile.json nor a flow.yaml.'],
    [
      [EXAMPLES + '/hello-flow'],
      { RUNLEDGER_TOKEN: '' },
      'Set RUNLEDGER_TOKEN: export RUNLEDGER_TOKEN=$(cat .runledger/token)',
    ],
    [
      [EXAMPLES + '/hello-flow'],
      { RUNLEDGER_TOKEN: 'x' },
      'What was presented is not a Runledger token. Send `Authorization: Bearer rl_…` with a valid token.',
    ],
    [
      [EXAMPLES + '/hello-flow'],
      { RUNLEDGER_URL: 'http://127.0.0.1:9' },
      'http://127.0.0.1:9 cannot be reached (bad port): does the platform run there?',
    ],
  ])('say in one line what keeps them from publishing: %j %j', async (args, settings, reason) => {
    const env = { ...process.env, RUNLEDGER_URL: platform.url, RUNLEDGER_TOKEN: platform.token, ...settings };
    const publishing = execute(process.execPath, [join(EXAMPLES, 'publish-flow/publish.mjs'), ...args], { env });
    await expect(publishing).rejects.toMatchObject({ code: 1, stdout: '', stderr: `${reason}\n` });
  });

  it('describe a sandbox for a project with packages', async () => {
    const { code, stdout } = await node('publish-flow/publish.mjs', join(EXAMPLES, 'node-project'));
    expect([code, stdout]).toEqual([0, expect.stringMatching(/profile\.json: node-project, version 1\n$/)]);
  });

  it('do a step in code: the ticket is opened once, and the next step knows it', async () => {
    expect(await node('publish-flow/publish.mjs', join(EXAMPLES, 'steps-in-code'))).toMatchObject({ code: 0 });
    const runId = await platform.api.started('announce-release', { parameters: { version: '1.2' } });
    const { timeline } = await platform.api.reaches(runId, 'COMPLETED');
    expect(timeline.map(({ summary }) => summary)).toEqual(['Opened T-1.', expect.stringContaining('See Opened T-1.')]);
    const key = expect.stringContaining('ticket') as string;
    expect(tracker.asked).toMatchObject([{ key, title: 'Release 1.2', labels: ['release'] }]);
    const metrics = await (await platform.api.fetch('/metrics')).text();
    expect(metrics).toMatch(/^runledger_function_calls_total\{function="open-ticket",outcome="SUCCESS",.*\} 1$/m);
  });

  it('say who the caller is', async () => {
    expect(await answer('viewer.sh')).toMatchObject({ viewer: { workspace: { id: 'ws_default' } } });
  });

  it('serve a page that is built on the client package', async () => {
    const serving = spawn(process.execPath, [join(EXAMPLES, 'live-runs', 'serve.mjs'), '0']);
    try {
      const [line] = (await once(serving.stdout, 'data')) as [Buffer];
      const [, url] = /Open (\S+)/.exec(line.toString()) ?? [];
      const page = await (await fetch(String(url))).text();
      const { imports } = JSON.parse(/<script type="importmap">([^]*?)<\/script>/.exec(page)?.[1] ?? '') as {
        imports: Record<string, string>;
      };
      for (const module of ['/page.js', ...Object.values(imports)]) {
        const answer = await fetch(new URL(module, url));
        expect([module, answer.status, answer.headers.get('content-type')]).toEqual([module, 200, 'text/javascript']);
      }
      expect((await fetch(new URL('/client/..%2f..%2fpackage.json', url))).status).toBe(404);
    } finally {
      serving.kill();
      if (serving.exitCode === null) await once(serving, 'exit');
    }
  });

  it('show that nothing is parked', async () => {
    expect(await answer('parked-events.sh')).toEqual({ parkedEvents: { nodes: [] } });
  });

  it('show a declined start with everything that is missing or wrong', async () => {
    const { startRun } = await answer('start-run-declined.sh');
    expect(startRun).toMatchObject({ __typename: 'RunDeclined', code: 'MISSING_PARAMETER' });
    expect(startRun?.['details']).toHaveLength(2);
  });

  it('start a run over REST once, and say so the second time', async () => {
    const [first, second] = [await shell('trigger.sh'), await shell('trigger.sh')];
    expect(first.stdout).toMatch(/"created":true[^]*\n202\n$/);
    expect(second.stdout).toMatch(/"created":false[^]*\n200\n$/);
  });

  it('publish a skill, and tell two versions of a flow apart', async () => {
    for (const time of ['first', 'second']) {
      const { publishSkill } = await answer('publish-skill.sh');
      expect([time, publishSkill]).toEqual([time, expect.objectContaining({ slug: 'code-review', version: 1 })]);
    }
    expect((await answer('list-skills.sh')).skills).toMatchObject([
      { slug: 'code-review', tools: ['read_file', 'list_files'] },
    ]);
    expect((await answer('compare-versions.sh', '1')).flowVersionDiff).toMatchObject({ fields: [], steps: [] });
  });

  describe('the guarded release', () => {
    interface Watched {
      readonly status: string;
      readonly timeline: readonly {
        readonly key: string;
        readonly state: string;
        readonly summary: string | null;
        readonly output: unknown;
        readonly attempts: readonly object[];
      }[];
    }

    beforeAll(async () => {
      const published = await node('publish-flow/publish.mjs', join(EXAMPLES, 'guarded-release'));
      expect(published).toMatchObject({ code: 0 });
    });

    const played = async (parameters: object): Promise<Watched> => {
      const start = `mutation ($input: StartRunInput!) { startRun(input: $input) { ... on Run { id } ... on Refusal { message } } }`;
      const input = { flow: 'guarded-release', parameters };
      const api = new ApiClient(platform.url, platform.token);
      const { startRun } = await api.data<{ readonly startRun: { readonly id: string } }>(start, { input });
      const query = `query ($id: ID!) { run(id: $id) { status timeline { key state summary output attempts { id } } } }`;
      return eventually(async () => {
        const { run } = await api.data<{ readonly run: Watched }>(query, { id: startRun.id });
        expect(['COMPLETED', 'FAILED']).toContain(run.status);
        return run;
      });
    };
    const states = ({ timeline }: Watched) => Object.fromEntries(timeline.map(({ key, state }) => [key, state]));

    it('tries again, sends an output back that does not fit, and leaves out what its conditions exclude', async () => {
      const run = await played({ flaky: 1, dry: true });
      expect(states(run)).toEqual({
        test: 'COMPLETED',
        mend: 'SKIPPED',
        judge: 'COMPLETED',
        hold: 'SKIPPED',
        ship: 'SKIPPED',
      });
      expect(run).toMatchObject({
        status: 'COMPLETED',
        timeline: [
          { key: 'test', summary: 'The tests passed at try 2.', attempts: [{}, {}] },
          {},
          { key: 'judge', summary: 'Nothing stands against it.', output: { verdict: 'ship', risk: 0.2 } },
          {},
          {},
        ],
      });
    });

    it('goes on where a rule handles the failure, once no retry is left', async () => {
      const run = await played({ flaky: 5 });
      expect(run.status).toBe('COMPLETED');
      expect(states(run)).toMatchObject({ test: 'FAILED', mend: 'COMPLETED', judge: 'SKIPPED', ship: 'SKIPPED' });
      expect(run.timeline.slice(0, 2)).toMatchObject([
        { attempts: [{}, {}, {}] },
        { summary: 'The tests failed; nothing was shipped.' },
      ]);
    });
  });

  it('take a run from its start through its gate to its artifact and a checked export', async () => {
    const { startRun } = await answer('start-run.sh');
    const runId = String(startRun?.['id']);
    expect((await answer('start-run.sh'))['startRun']).toMatchObject({ id: runId });

    const { id, shownHash } = await platform.api.gateOf(runId, 'keep');
    expect((await shell('inbox.sh')).stdout).toContain(shownHash);
    expect(await answer('decide.sh', id, 'something-else')).toMatchObject({ decide: { code: 'SHOWN_CHANGED' } });
    const watching = node('watch-run/watch.mjs', runId);
    expect(await answer('decide.sh', id, shownHash)).toMatchObject({ decide: { state: 'DECIDED' } });
    expect(await answer('decide.sh', id, shownHash)).toMatchObject({ decide: { code: 'ALREADY_DECIDED' } });

    const lines = (await watching).stdout.trim().split('\n');
    expect(lines[0]).toContain('RunStarted');
    expect(lines.at(-1)).toContain('RunCompleted');
    const cursors = lines.map(line => line.split(' ')[0] ?? '');
    const rest = await node('watch-run/watch.mjs', runId, cursors[9] ?? '');
    expect(rest.stdout.trim().split('\n')).toEqual(lines.slice(10));

    const { run: shown } = await answer('run-at-least.sh', runId, cursors.at(-1) ?? '');
    expect(shown).toMatchObject({
      status: 'COMPLETED',
      timeline: [
        { key: 'draft', output: { words: 2, file: 'greeting.txt' } },
        { key: 'polish' },
        { key: 'keep', summary: expect.stringContaining('Wrote a greeting to Ada.') as string },
      ],
    });
    // What can be found is a read model of its own.
    await eventually(async () => {
      expect((await answer('search.sh', 'capital letter'))['search']).toMatchObject({
        nodes: expect.arrayContaining([expect.objectContaining({ kind: 'OUTPUT', step: 'polish' })]),
      });
      expect((await answer('search.sh', 'fine by'))['search']).toMatchObject({
        nodes: [{ kind: 'DECISION', run: { id: runId } }],
      });
    });
    const asked = lines.findIndex(line => line.includes('ApprovalRequested'));
    const { run: atTheGate } = await answer('run-as-of.sh', runId, cursors[asked] ?? '');
    expect(atTheGate).toMatchObject({
      status: 'PAUSED',
      waitingOn: [{ kind: 'DECISION' }],
      approvals: [{ state: 'OPEN' }],
    });

    const [artifact] = (shown?.['timeline'] as unknown as { artifacts: { url: string }[] }[])[2]?.artifacts ?? [];
    await shell('download-artifact.sh', artifact?.url.split('/').at(-1) ?? '', 'greeting.txt');
    expect(readFileSync(join(home.path, 'greeting.txt'), 'utf8')).toBe('Hello Ada\n');

    const file = join(home.path, `${runId}.audit.ndjson`);
    expect(await shell('audit-export.sh', runId)).toMatchObject({ code: 0 });
    const verified = () => run(process.execPath, [join(home.path, 'verify.mjs'), file], platform.token);
    expect(await verified()).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^OK .* none missing/) as string,
    });
    writeFileSync(file, readFileSync(file, 'utf8').replace('"decision":"APPROVE"', '"decision":"REJECT"'));
    expect(await verified()).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^BAD line \d+, event .*ApprovalDecided.* not what was sealed/) as string,
    });
  });

  it('recover a failed run: with a further attempt, other parameters, without the step, and as a new run', async () => {
    const folder = join(EXAMPLES, 'recover-a-run');
    expect(await node('publish-flow/publish.mjs', folder)).toMatchObject({ code: 0 });
    const script = (name: string, ...args: readonly string[]) =>
      run('sh', [join(folder, name), ...args], platform.token);
    const steer = async (...args: readonly string[]) => {
      const [body = '', status] = (await script('steer.sh', ...args)).stdout.trim().split('\n');
      return { status, body: JSON.parse(body) as { runId: string; error?: { code: string } } };
    };
    const look = async (id: string) =>
      (JSON.parse((await script('look.sh', id)).stdout) as { data: { run: Looked } }).data.run;
    const started = async () => (JSON.parse((await script('start.sh')).stdout) as { runId: string }).runId;

    const runId = await started();
    await platform.api.reaches(runId, 'FAILED');
    expect(await look(runId)).toMatchObject({
      statusReason: 'Exit code 3: There is no region nowhere.',
      availableActions: expect.arrayContaining(['RETRY', 'DISCARD']) as string[],
      timeline: [
        { state: 'COMPLETED' },
        { availableActions: expect.arrayContaining(['RETRY', 'SKIP']) as string[] },
        {},
      ],
    });
    expect(await steer(runId, 'resume')).toMatchObject({ status: '409', body: { error: { code: 'NOT_POSSIBLE' } } });

    const again = JSON.parse((await script('retry-step.sh', runId, 'deliver')).stdout) as { data: object };
    expect(again.data).toMatchObject({ retryStep: { __typename: 'Run', status: 'RUNNING' } });
    await eventually(async () => (await look(runId)).timeline[1]?.attempts.at(-1)?.outcome === 'ERROR');
    await platform.api.reaches(runId, 'FAILED');
    const told = JSON.parse((await script('retry-step.sh', runId, 'deliver', 'Be careful.')).stdout) as {
      data: object;
    };
    expect(told.data).toMatchObject({ retryStep: { code: 'NOT_POSSIBLE' } });

    expect(await steer(runId, 'retry', '{ "parameters": { "region": "north" } }')).toMatchObject({ status: '200' });
    await platform.api.reaches(runId, 'COMPLETED');
    const { timeline } = await look(runId);
    expect(timeline.map(({ attempts }) => attempts.map(({ outcome }) => outcome))).toEqual([
      ['SUCCESS'],
      ['ERROR', 'ERROR', 'SUCCESS'],
      ['SUCCESS'],
    ]);

    const fields = '{ "step": "deliver", "parameters": { "region": "south" } }';
    const rerun = await steer(runId, 'rerun-from-step', fields);
    expect(rerun.status).toBe('202');
    await platform.api.reaches(rerun.body.runId, 'COMPLETED');
    const second = await look(rerun.body.runId);
    expect(second.timeline.map(({ summary }) => summary)).toEqual([
      timeline[0]?.summary,
      'Delivered to south.',
      'Told everybody.',
    ]);
    expect(second.timeline[0]?.artifacts).toEqual([{ path: 'package.txt' }]);
    expect(second.lineage).toMatchObject({ rerunOf: { step: 'deliver', run: { id: runId } } });
    expect((await look(runId)).lineage.reruns).toEqual([{ step: 'deliver', run: { id: rerun.body.runId } }]);

    const other = await started();
    await platform.api.reaches(other, 'FAILED');
    expect(await steer(other, 'skip-step', '{ "step": "deliver", "comment": "By hand." }')).toMatchObject({
      status: '200',
    });
    await platform.api.reaches(other, 'COMPLETED');
    expect((await look(other)).timeline[1]).toMatchObject({ state: 'SKIPPED', summary: 'By hand.' });
  });

  it('make a token that may watch and not start, and revoke it', async () => {
    const { createToken } = await answer('create-token.sh');
    const { secret, token } = createToken as unknown as { secret: string; token: { id: string } };
    const viewer = () => run('sh', [join(EXAMPLES, 'call-the-api', 'viewer.sh')], secret);
    const start = await run('sh', [join(EXAMPLES, 'call-the-api', 'start-run.sh')], secret);
    expect((await viewer()).stdout).toContain('"scopes":["FLOWS_READ"]');
    expect(start.stdout).toContain('"code":"FORBIDDEN"');
    expect(await answer('revoke-token.sh', token.id)).toMatchObject({ revokeToken: { id: token.id } });
    expect((await viewer()).stdout).toContain('"code":"UNAUTHENTICATED"');
  });

  it('say in one line why a run cannot be watched', async () => {
    const unknown = await node('watch-run/watch.mjs', 'run_nobody-knows');
    expect(unknown).toMatchObject({ code: 1, stderr: 'There is no such run.\n' });
    const script = join(EXAMPLES, 'watch-run', 'watch.mjs');
    const stranger = await run(process.execPath, [script, 'run_nobody-knows'], 'nonsense');
    expect(stranger).toMatchObject({ code: 1, stderr: 'Forbidden: is RUNLEDGER_TOKEN right?\n' });
  });
});
