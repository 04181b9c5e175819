import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '@runledger/testing';
import type { ApiClient } from './api-client.fixture.js';
import { profileNamed } from './counted-work.fixture.js';
import { enoughOfTheDay } from './day.fixture.js';
import { describeWith, tracesOf } from './machine.fixture.js';
import { build, PATIENCE_MS, ROOT, TemporaryHome } from './platform-process.fixture.js';
import type { PlatformProcess } from './platform-process.fixture.js';

const GATED = `slug: gated
defaults: { profile: small }
steps:
  - { key: write, run: 'echo kept > note.txt' }
  - { key: read, needs: [write], gate: Go on?, run: 'cat note.txt' }
`;

describeWith('bwrap', 'curl')('starting runs (needs bwrap and curl)', () => {
  const home = new TemporaryHome();
  let platform: PlatformProcess;
  let api: ApiClient;

  beforeAll(async () => {
    build();
    await enoughOfTheDay();
    platform = await home.startQuiet();
    api = platform.api;
    await api.publishProfile(profileNamed('small'));
    expect(await api.publishFlow(GATED)).toMatchObject({ __typename: 'FlowVersion' });
  }, PATIENCE_MS);

  afterAll(async () => {
    const ending = await platform.stop();
    await home.giveBack();
    expect([ending.code, platform.errors]).toEqual([0, '']);
  });

  const task = async (id: string) => {
    const query = 'query ($id: ID!) { run(id: $id) { task { id state turns } } }';
    return (await api.data<{ run: { task: unknown } }>(query, { id })).run.task;
  };
  const inReview = async () => {
    const query = '{ tasks(filter: { state: [REVIEW] }) { nodes { run { id } title } } }';
    return (await api.data<{ tasks: { nodes: unknown } }>(query)).tasks.nodes;
  };
  /** Sandboxes that are alive on this machine, each with a process of its own. */
  const sandboxes = () => tracesOf(home.path).filter(({ name }) => name === 'bwrap');

  it('in the background: shown as a task, the sandbox given back at a gate and taken up again behind it', async () => {
    const watched = await api.started('gated');
    await api.gateOf(watched, 'read');
    const runId = await api.started('gated', { execution: 'BACKGROUND' });
    const gate = await api.gateOf(runId, 'read');
    // Who is asked is one read model, and what becomes of runs is another.
    await eventually(async () =>
      expect(await task(runId)).toMatchObject({ id: runId.replace('run_', 'task_'), state: 'REVIEW' }),
    );
    await eventually(async () => expect(await inReview()).toEqual([{ run: { id: runId }, title: 'gated' }]));
    await eventually(() => expect(sandboxes()).toEqual([])); // nor has one who is watched, after a moment
    await api.decide(gate.id, 'APPROVE');
    const run = await api.reaches(runId, 'COMPLETED');
    expect(run.timeline[1]?.summary).toContain('kept');
    await eventually(async () => expect(await task(runId)).toMatchObject({ state: 'DONE', turns: 0 }));
    expect(await task(watched)).toBeNull();
    await api.cancel(watched);
    await api.reaches(watched, 'CANCELLED');
  });

  it('looked at ahead: steps, gates, rights and what it will cost, from the runs before it', async () => {
    const input = { flow: 'gated', execution: 'BACKGROUND' };
    const query = `query ($input: StartRunInput!) { preflight(input: $input) { ready waves problems { code }
        steps { key wave kind } gates { step position count } permissions { kind name held }
        estimate { runs complete unpriced total { microUnits } lines { resourceClass basis cost { microUnits } } } } }`;
    const lookedAhead = async () => (await api.data<{ preflight: unknown }>(query, { input })).preflight;
    // Charges of the run before may follow its end.
    await eventually(async () => expect(await lookedAhead()).toMatchObject({ estimate: { runs: 1, complete: true } }));
    expect(await lookedAhead()).toMatchObject({
      ready: true,
      waves: 2,
      problems: [],
      steps: [
        { key: 'write', wave: 1, kind: 'COMMAND' },
        { key: 'read', wave: 2, kind: 'COMMAND' },
      ],
      gates: [{ step: 'read', position: 'BEFORE', count: 1 }],
      permissions: [{ kind: 'SCOPE', name: 'flows.run', held: true }],
      estimate: {
        runs: 1,
        complete: true,
        total: { microUnits: '0' },
        lines: [{ resourceClass: 'small', basis: 'HISTORY', cost: { microUnits: '0' } }],
      },
    });
  });

  it('looked at, counted and capped by the scripts of the guide', async () => {
    const script = async (name: string, ...values: string[]) => {
      const file = join(ROOT, 'examples', 'limit-runs', name);
      const env = { ...process.env, RUNLEDGER_URL: api.url, RUNLEDGER_TOKEN: api.token };
      const { stdout } = await promisify(execFile)('bash', [file, ...values], { env });
      return JSON.parse(stdout) as { readonly data: unknown };
    };
    expect(await script('look-ahead.sh', 'gated')).toMatchObject({ data: { preflight: { ready: true, waves: 2 } } });
    expect(await script('set-plan.sh', 'TEAM')).toEqual({ data: { setPlan: { plan: 'TEAM' } } });
    expect(await script('what-is-left.sh')).toMatchObject({
      data: { viewer: { workspace: { plan: 'TEAM' }, dailyRuns: { started: 0, cap: 20, remaining: 20 } } },
    });
    expect(await script('set-plan.sh', 'BUSINESS')).toEqual({ data: { setPlan: { plan: 'BUSINESS' } } });
  });

  it('as many on one day as the plan has, one step alone as well', async () => {
    const daily = () =>
      api.data<{ viewer: unknown }>('{ viewer { workspace { plan } dailyRuns { started cap remaining resetsAt } } }');
    expect((await daily()).viewer).toMatchObject({
      workspace: { plan: 'BUSINESS' },
      dailyRuns: { started: 2, cap: null, remaining: null },
    });
    await api.data('mutation { setPlan(plan: FREE) { plan } }');
    for (let count = 1; count <= 5; count += 1) await api.started('gated', { onlyStep: 'write' });
    // The runs are one read model, and what is left of the day is another.
    await eventually(async () =>
      expect((await daily()).viewer).toMatchObject({
        workspace: { plan: 'FREE' },
        dailyRuns: { started: 5, cap: 5, remaining: 0, resetsAt: expect.stringMatching(/T00:00:00\.000Z$/) },
      }),
    );
    expect(await api.startRun({ flow: 'gated' })).toMatchObject({
      __typename: 'RunDeclined',
      code: 'DAILY_RUN_LIMIT',
      fix: expect.stringContaining('larger plan'),
    });
    const rest = await api.fetch('/api/v1/trigger', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ flow: 'gated' }),
    });
    expect([rest.status, await rest.json()]).toMatchObject([429, { error: { code: 'DAILY_RUN_LIMIT' } }]);
    await api.data('mutation { setPlan(plan: TEAM) { plan } }');
    expect(await api.startRun({ flow: 'gated', onlyStep: 'write' })).toMatchObject({ __typename: 'Run' });
  });
});
