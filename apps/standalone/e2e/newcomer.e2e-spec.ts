import { jest } from '@jest/globals';
import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '@runledger/testing';
import type { RunShown } from './api-client.fixture.js';
import { describeWith } from './machine.fixture.js';
import { build, PATIENCE_MS, TemporaryHome } from './platform-process.fixture.js';
import type { PlatformProcess } from './platform-process.fixture.js';

jest.setTimeout(PATIENCE_MS);

const execute = promisify(execFile);

interface Line {
  readonly entry?: { readonly id: string; readonly type: string };
  readonly [field: string]: unknown;
}

/** What a newcomer does: start it, read what it prints, run the printed command, look at the results. */
describeWith('bwrap', 'curl')('a first boot (needs bwrap and curl)', () => {
  const home = new TemporaryHome();
  let platform: PlatformProcess;
  let runId: string;
  let run: RunShown;

  const git = async (...args: string[]) =>
    (await execute('git', ['-c', 'safe.directory=*', '-C', join(home.path, 'remotes', 'full-sdlc.git'), ...args]))
      .stdout;
  /** What a command of the operator prints. */
  const said = async (...program: readonly string[]) => {
    const command = home.spawn({}, program);
    expect([(await command.end()).code, command.errors]).toEqual([0, '']);
    return command.output;
  };

  beforeAll(async () => {
    build();
    platform = home.spawn();
    await platform.ready();
    const announced = await platform.says(/Run run_\S+ waits for a person: "Sign off before the PR opens\."[^]*?'\n/);
    runId = /run_[\w-]+/.exec(announced)?.[0] ?? '';
    const command = announced.slice(announced.indexOf('curl'));
    const { stdout } = await execute('bash', ['-c', command]);
    expect(JSON.parse(stdout)).toEqual({ data: { decide: { __typename: 'ApprovalRequest' } } });
    await platform.says(new RegExp(`Run ${runId} completed`));
    // Billing hears of the last step's usage when everybody does, so its charge may follow the end of the run.
    run = await platform.api.becomes(
      runId,
      ({ status, timeline }) => status === 'COMPLETED' && timeline.every(step => step.cost !== null),
    );
  }, PATIENCE_MS);

  afterAll(() => home.giveBack());

  it('prints console, API, token, data and database', () => {
    expect(platform.output).toContain(`Console    ${platform.url}/#token=${platform.token}`);
    expect(platform.output).toContain(`GraphQL    ${platform.url}/graphql`);
    expect(platform.output).toContain(`Data       ${home.path}`);
    expect(platform.output).toContain('Database   embedded PostgreSQL');
    expect(platform.errors).toBe('');
  });

  it('serves the console and the explorer that it prints', async () => {
    for (const page of ['/', '/explorer']) {
      const response = await fetch(`${platform.url}${page}`);
      expect([page, response.status, response.headers.get('content-type')]).toEqual([
        page,
        200,
        expect.stringContaining('text/html'),
      ]);
    }
  });

  it('has done all four steps of the sample, each at the first attempt, with the decision on record', () => {
    expect(run.timeline.map(({ key, state, outcome, turns }) => [key, state, outcome, turns])).toEqual([
      ['plan', 'COMPLETED', 'SUCCESS', 3],
      ['implement', 'COMPLETED', 'SUCCESS', 4],
      ['verify', 'COMPLETED', 'SUCCESS', 0],
      ['open-pr', 'COMPLETED', 'SUCCESS', 0],
    ]);
    expect(run.timeline.every(step => step.attempts.length === 1 && Number(step.elapsedMs) > 0)).toBe(true);
    expect(run.approvals).toMatchObject([{ step: 'open-pr', state: 'DECIDED', decision: { decision: 'APPROVE' } }]);
    expect(run.waitingOn).toEqual([]);
  });

  it('costs nothing on purpose: every usage is priced, at zero', () => {
    expect(run.cost).toMatchObject({ total: { microUnits: '0' }, unpriced: false });
    expect(run.cost.charges).toBeGreaterThan(0);
    expect(run.timeline.map(step => [step.cost?.microUnits, step.unpriced])).toEqual(Array(4).fill(['0', false]));
  });

  it('has pushed a branch with one commit that holds what the agent wrote, and not the plan', async () => {
    expect(await git('log', '--format=%s', 'main..feature/csv-download')).toBe('feat: a CSV download for reports\n');
    expect(await git('show', 'feature/csv-download:src/report.js')).toContain('export function toCsv(rows)');
    expect((await git('diff', '--name-only', 'main', 'feature/csv-download')).trim().split('\n')).toEqual([
      'src/report.js',
      'test/csv.test.js',
    ]);
  });

  it('lets the kept artifact be downloaded, the very bytes that its hash names', async () => {
    const [artifact] = run.timeline[3]?.artifacts ?? [];
    expect(artifact).toMatchObject({ path: 'pull-request.md' });
    const response = await platform.api.fetch(artifact!.url);
    const content = Buffer.from(await response.arrayBuffer());
    expect([response.status, createHash('sha256').update(content).digest('hex')]).toEqual([200, artifact!.sha256]);
    expect(content.toString()).toMatch(/^# a CSV download for reports\n\nBranch `feature\/csv-download`, commit \w{7}/);
    expect((await fetch(`${platform.url}${artifact!.url}`)).status).toBe(401);
  });

  it('shows a transcript with every tool call ended, the failing test run and the fix included', async () => {
    // It may be a moment behind the run's own state.
    const entries = await eventually(async () => {
      const read = await platform.api.transcript(runId);
      expect(read.filter(({ __typename, state }) => __typename === 'ToolEntry' && state !== 'RUNNING')).toHaveLength(
        11,
      );
      return read;
    });
    expect(new Set(entries.map(entry => entry.id)).size).toBe(entries.length);
    const order = entries.map(entry => BigInt(entry.seq));
    expect(order.every((seq, at) => at === 0 || seq > order[at - 1]!)).toBe(true);
    const calls = entries
      .filter(entry => entry.__typename === 'ToolEntry')
      .map(({ step, name, state }) => [step, name, state]);
    expect(calls).toEqual([
      ['plan', 'list_files', 'OK'],
      ['plan', 'read_file', 'OK'],
      ['plan', 'write_file', 'OK'],
      ['implement', 'read_file', 'OK'],
      ['implement', 'edit_file', 'OK'],
      ['implement', 'write_file', 'OK'],
      ['implement', 'bash', 'ERROR'],
      ['implement', 'edit_file', 'OK'],
      ['implement', 'bash', 'OK'],
      ['verify', 'command', 'OK'],
      ['open-pr', 'command', 'OK'],
    ]);
    const verify = entries.find(({ step, name }) => step === 'verify' && name === 'command');
    expect(verify?.output).toContain('All tests of the repository pass.');
  });

  it('keeps every event: each stream without a hole, the log in order, from start to completion', async () => {
    const events = await platform.api.events(runId);
    expect([events[0]?.type, events.some(event => event.type === 'RunCompleted')]).toEqual(['RunStarted', true]);
    const positions = events.map(event => event.position);
    expect(positions).toEqual([...new Set(positions)].sort());
    const streams = [...new Set(events.map(event => event.stream))];
    for (const stream of streams) {
      const own = events.filter(event => event.stream === stream);
      expect(own.map(event => Number(event.revision))).toEqual(own.map((_, at) => at));
    }
    const kinds = streams.map(stream => stream.slice(0, stream.indexOf('-')));
    expect(new Set(kinds)).toEqual(new Set(['run', 'attempt', 'approval', 'charges']));
  });

  it('exports an audit bundle whose events agree with the log, and which the verifier accepts', async () => {
    const text = await (await platform.api.fetch(`/api/v1/runs/${runId}/audit.ndjson`)).text();
    const lines = text.trimEnd().split('\n');
    const parsed = lines.map(line => JSON.parse(line) as Line);
    expect(parsed[0]).toMatchObject({ format: 'runledger.audit', version: 3, scope: { runId } });
    const events = await platform.api.events(runId);
    expect(parsed.slice(1, -1).map(({ entry }) => [entry?.id, entry?.type])).toEqual(
      events.map(event => [event.id, event.type]),
    );
    const verifier = await (await platform.api.fetch('/api/v1/verify.mjs')).text();
    writeFileSync(join(home.path, 'verify.mjs'), verifier);
    writeFileSync(join(home.path, 'run.ndjson'), text);
    const { status, stdout } = spawnSync(process.execPath, ['verify.mjs', 'run.ndjson'], { cwd: home.path, env: {} });
    expect([status, stdout.toString()]).toEqual([0, expect.stringMatching(/^OK .* none missing/)]);
    const { auditProof } = await platform.api.data<{ auditProof: { entry: string; proof: string[] } }>(
      'query ($id: ID!) { auditProof(eventId: $id) { leaf entry leafHash proof checkpoint { size root note } keys { key } } }',
      { id: events[0]?.id },
    );
    expect(JSON.parse(auditProof.entry)).toMatchObject({ id: events[0]?.id, type: 'RunStarted' });
  });

  it('does it again from a step, and lets the branch of the first run be', async () => {
    const pushed = await git('rev-parse', 'feature/csv-download');
    const { again } = await platform.api.data<{ again: { id: string } }>(
      'mutation ($id: ID!) { again: rerunFromStep(input: { runId: $id, step: "verify" }) { ... on Run { id } } }',
      { id: runId },
    );
    await platform.api.reaches(again.id, 'PAUSED');
    const gate = await platform.api.gateOf(again.id, 'open-pr');
    await platform.api.decide(gate.id, 'APPROVE', { shownHash: gate.shownHash });
    const { timeline } = await platform.api.reaches(again.id, ['COMPLETED', 'FAILED']);
    const own = `feature/csv-download-${again.id.split('-').at(-1)}`;
    expect(timeline[3]).toMatchObject({ state: 'COMPLETED', summary: `Pushed ${own} and wrote pull-request.md.` });
    expect(await git('rev-parse', 'feature/csv-download')).toBe(pushed);
    expect(await git('diff', 'feature/csv-download', own)).toBe('');
  });

  it('replays a run from the log, to what it was at any moment', async () => {
    const replay = (...args: readonly string[]) => said('replay.js', '--run', runId, ...args);
    const events = await platform.api.events(runId);
    const lines = (await replay('--json')).trimEnd().split('\n');
    expect(lines.map(line => (JSON.parse(line) as { id: string }).id)).toEqual(events.map(({ id }) => id));
    expect(JSON.parse(await replay('--view'))).toMatchObject({ status: 'COMPLETED', id: runId });
    const first = String(BigInt(events[0]!.position));
    expect(JSON.parse(await replay('--view', '--to', first))).toMatchObject({ status: 'PENDING' });
    expect((await replay('--to', first)).trim().split(/\s+/)).toEqual(expect.arrayContaining([first, 'RunStarted']));
  });

  it('erases a person: nobody reads the name again, and the bundle that was checked before still verifies', async () => {
    const bundle = async () => (await platform.api.fetch(`/api/v1/runs/${runId}/audit.ndjson`)).text();
    const nameOf = async () =>
      (await platform.api.data<{ viewer: { member: { name: string } } }>('{ viewer { member { name } } }')).viewer
        .member.name;
    const before = await bundle();
    expect([await nameOf(), before.includes('"name":"Owner"')]).toEqual(['Owner', false]);
    const erased = await said('erase.js', '--workspace', 'ws_default', '--member', 'mem_owner');
    expect(erased).toContain('mem_owner: the key is destroyed');
    await eventually(async () => expect(await nameOf()).toBe('[erased]')); // it was another process that erased it
    const entriesOf = (text: string) => text.split('\n').map(line => line.replace(/,"proof":.*$/, ''));
    const after = await bundle();
    expect(entriesOf(after).slice(1, -2)).toEqual(entriesOf(before).slice(1, -2));
    writeFileSync(join(home.path, 'run.ndjson'), after);
    const checked = spawnSync(process.execPath, ['verify.mjs', 'run.ndjson'], { cwd: home.path, env: {} });
    expect([checked.status, checked.stdout.toString()]).toEqual([0, expect.stringMatching(/^OK .* none missing/)]);
  });

  it('stops in order and leaves no process, control group or mount behind', async () => {
    expect((await platform.stop()).code).toBe(0);
    expect(home.leftovers()).toEqual([]);
  });
});
