import { eventually } from '@runledger/testing';
import type { ApiClient } from './api-client.fixture.js';
import { profileNamed } from './counted-work.fixture.js';
import { describeWith, tracesOf } from './machine.fixture.js';
import { build, PATIENCE_MS, TemporaryHome } from './platform-process.fixture.js';
import type { PlatformProcess } from './platform-process.fixture.js';

const FLOWS = {
  gated: `
    - { key: first, run: echo one }
    - { key: second, needs: [first], gate: Go on?, run: echo two }
    - { key: third, needs: [second], run: echo three }`,
  plain: `
    - { key: first, run: echo one }
    - { key: second, needs: [first], gate: Go on?, run: echo two }`,
  failing: `
    - { key: breaks, run: 'echo fine; echo the disk is full >&2; exit 7' }
    - { key: after, needs: [breaks], run: echo never }`,
  slow: `
    - { key: waits, timeout: 500ms, run: 'sleep 30' }`,
  long: `
    - { key: works, run: 'trap "" HUP; (sleep 300 & sleep 300) & echo working; sleep 300' }`,
  parallel: `
    - { key: left, gate: May the left one go?, run: echo left }
    - { key: right, run: echo right }
    - { key: right-after, needs: [right], run: echo right after }
    - { key: both, needs: [left, right-after], run: echo both }`,
} as const;

describeWith('bwrap')('people and failures steer a run (needs bwrap)', () => {
  const home = new TemporaryHome();
  let platform: PlatformProcess;
  let api: ApiClient;

  beforeAll(async () => {
    build();
    platform = await home.startQuiet();
    api = platform.api;
    await api.publishProfile(profileNamed('small'));
    for (const [slug, steps] of Object.entries(FLOWS)) {
      const source = `slug: ${slug}\ndefaults: { profile: small }\nsteps:${steps}\n`;
      expect(await api.publishFlow(source)).toMatchObject({ __typename: 'FlowVersion' });
    }
  }, PATIENCE_MS);

  afterAll(async () => {
    const ending = await platform.stop();
    await home.giveBack();
    expect([ending.code, platform.errors]).toEqual([0, '']);
  });

  const statesOf = (steps: readonly { readonly key: string; readonly state: string }[]) =>
    Object.fromEntries(steps.map(step => [step.key, step.state]));

  it('a rejection ends the run as rejected, with the comment as its reason', async () => {
    const runId = await api.started('gated');
    const gate = await api.gateOf(runId, 'second');
    await api.decide(gate.id, 'REJECT', { comment: 'Not on a Friday.', shownHash: gate.shownHash });
    const run = await api.reaches(runId, 'REJECTED');
    expect(run.statusReason).toContain('Not on a Friday.');
    expect(statesOf(run.timeline)).toEqual({ first: 'COMPLETED', second: 'CANCELLED', third: 'CANCELLED' });
    expect(run.availableActions).toEqual(['RERUN']);
  });

  it('a skip leaves the step out and the run completes', async () => {
    const runId = await api.started('gated');
    await api.decide((await api.gateOf(runId, 'second')).id, 'SKIP', { comment: 'Done by hand.' });
    const run = await api.reaches(runId, 'COMPLETED');
    expect(statesOf(run.timeline)).toEqual({ first: 'COMPLETED', second: 'SKIPPED', third: 'COMPLETED' });
    expect(run.timeline[1]?.summary).toContain('Done by hand.');
  });

  it('a cancellation ends an executing step and everything that it started within seconds', async () => {
    const runId = await api.started('long');
    await eventually(async () => (await api.transcript(runId)).some(entry => entry.streamed?.includes('working')));
    const sleeping = () => tracesOf(home.path).filter(trace => trace.name === 'sleep');
    await eventually(() => expect(sleeping()).toHaveLength(3)); // one begins after what was heard
    const askedAt = performance.now();
    expect(await api.cancel(runId, 'FORCE')).toMatchObject({ __typename: 'Run' });
    const run = await api.reaches(runId, 'CANCELLED');
    expect(performance.now() - askedAt).toBeLessThan(20_000);
    expect(statesOf(run.timeline)).toEqual({ works: 'CANCELLED' });
    await eventually(() => expect(tracesOf(home.path).filter(trace => trace.pid !== platform.pid)).toEqual([]), 20_000);
  });

  it('a graceful cancellation lets the step clean up', async () => {
    await api.publishFlow(`
      slug: tidy
      defaults: { profile: small }
      steps:
        - key: works
          run: |
            trap 'echo tidied up; exit 1' TERM
            echo working
            sleep 300 & wait
    `);
    const runId = await api.started('tidy');
    await eventually(async () => (await api.transcript(runId)).some(entry => entry.streamed?.includes('working')));
    await api.cancel(runId);
    await api.reaches(runId, 'CANCELLED');
    // The transcript is a read model of its own.
    await eventually(async () => {
      const [call] = (await api.transcript(runId)).filter(entry => entry.name === 'command');
      expect(call).toMatchObject({ state: 'CANCELLED', streamed: expect.stringContaining('tidied up') as string });
    });
  });

  it('EVERY_STEP asks before each step, NONE before none', async () => {
    const everyStep = await api.started('plain', { checkpointMode: 'EVERY_STEP' });
    for (const step of ['first', 'second']) await api.decide((await api.gateOf(everyStep, step)).id, 'APPROVE');
    expect((await api.reaches(everyStep, 'COMPLETED')).approvals).toHaveLength(2);
    const none = await api.started('plain', { checkpointMode: 'NONE' });
    expect((await api.reaches(none, 'COMPLETED')).approvals).toEqual([]);
  });

  it('a program that fails ends the run as failed, with its exit code and what it complained about', async () => {
    const run = await api.reaches(await api.started('failing'), ['FAILED', 'COMPLETED']);
    expect(run.status).toBe('FAILED');
    expect(statesOf(run.timeline)).toEqual({ breaks: 'FAILED', after: 'CANCELLED' });
    const [step] = run.timeline;
    expect(step?.attempts).toMatchObject([{ number: 1, outcome: 'ERROR', exitCode: 7 }]);
    expect(step?.error?.message).toMatch(/7[^]*the disk is full/);
    expect(run.statusReason).toContain('the disk is full');
  });

  it('a step that outlasts its timeout fails as TIMEOUT', async () => {
    const run = await api.reaches(await api.started('slow'), 'FAILED');
    expect(run.timeline[0]?.error).toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringMatching(/500 ?ms/) as string,
    });
    expect(Number(run.timeline[0]?.elapsedMs)).toBeLessThan(20_000);
  });

  it('a gate parks only its own branch', async () => {
    const runId = await api.started('parallel');
    const gate = await api.gateOf(runId, 'left');
    const parked = await api.becomes(runId, run => statesOf(run.timeline)['right-after'] === 'COMPLETED');
    expect(parked.status).toBe('PAUSED');
    expect(parked.waitingOn).toMatchObject([{ kind: 'DECISION', step: 'left', requestId: gate.id }]);
    expect(statesOf(parked.timeline)).toMatchObject({ left: 'WAITING', both: 'PENDING' });
    await api.decide(gate.id, 'APPROVE');
    expect(statesOf((await api.reaches(runId, 'COMPLETED')).timeline)).toMatchObject({ both: 'COMPLETED' });
  });

  it('a run that paused at a gate when the platform stopped waits there after the next start', async () => {
    const runId = await api.started('gated');
    const before = await api.gateOf(runId, 'second');
    expect((await platform.stop()).code).toBe(0);
    platform = await home.startQuiet();
    api = platform.api;
    expect(await platform.says(new RegExp(`Run ${runId} waits`))).toBeTruthy();
    expect(await api.gateOf(runId, 'second')).toMatchObject({ id: before.id, shownHash: before.shownHash });
    await api.decide(before.id, 'APPROVE');
    await api.reaches(runId, 'COMPLETED');
  });
});
