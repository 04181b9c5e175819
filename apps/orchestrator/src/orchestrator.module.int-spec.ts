import { CancelRun } from '@runledger/contracts';
import { logDatabase } from '@runledger/event-store/testing';
import type { TestDatabase } from '@runledger/testing';
import { begun, CHAIN, publish, RELEASE } from './flow-starts.fixture.js';
import { ada, adaAsks, OrchestratorProcess, WORKSPACE } from './orchestrator.fixture.js';

let database: TestDatabase;
let first: OrchestratorProcess;
/** A second process on the same log, so that only the log can decide between them. */
let second: OrchestratorProcess;

beforeAll(async () => {
  database = await logDatabase();
  first = await OrchestratorProcess.start(database.url);
  await first.publishProfile('plain');
  for (const source of [RELEASE, CHAIN]) await publish(first, source);
});

afterAll(async () => {
  await first.stop();
  await database.drop();
});

const typesOf = async (runId: string) =>
  (await first.eventsOf(runId)).map(({ type, data }) => {
    const { step } = data as { step?: string };
    return step === undefined || type.startsWith('Run') ? type : `${type} ${step}`;
  });

describe('publishing a flow', () => {
  it('makes a version for new content and none for the same', async () => {
    const source = (name: string) => `slug: versions\nname: ${name}\nsteps: [{ key: s, run: x }]`;
    const published = (version: number, created: boolean) => ({
      status: 'accepted',
      output: { flowId: 'flow_versions', slug: 'versions', version, created },
    });
    expect(await publish(first, source('One'))).toMatchObject(published(1, true));
    expect(await publish(first, `# a comment changes nothing\n${source('One')}`)).toMatchObject(published(1, false));
    expect(await publish(first, source('Two'))).toMatchObject(published(2, true));
  });

  it('tells every problem of a document and stores nothing', async () => {
    const outcome = await publish(first, 'slug: broken\nsteps: [{ key: s, neds: [t], run: x }]');
    expect(outcome).toMatchObject({
      status: 'refused',
      refusal: {
        rejected: 'INVALID_FLOW',
        details: [{ path: 'steps[0].neds', line: 2, column: 19, fix: 'Did you mean `needs`?' }],
      },
    });
    expect((await first.store.readStream({ tenant: WORKSPACE, name: 'flow-broken' })).events).toEqual([]);
  });
});

describe('a run', () => {
  it('goes from step to step, is held at its gate, and completes', async () => {
    const runId = await begun(first, { flow: 'flow_release', parameters: { version: '1.2' } });
    const build = await first.until(runId, 'StepReady', 'build');
    expect(build.data).toMatchObject({
      profile: 'plain',
      command: { run: 'make "$PARAM_VERSION"', env: { PARAM_VERSION: '1.2', PARAM_DRYRUN: 'false', RUN_ID: runId } },
    });
    expect(build.metadata.correlationId).toBe(runId);
    await first.attempt(runId, 'build', { summary: 'Built.', output: { size: 7 } });
    const notes = await first.until(runId, 'StepReady', 'notes');
    expect(notes.data).toMatchObject({ agent: { prompt: 'Notes for 1.2: Built. 7' } });
    await first.attempt(runId, 'notes', { summary: 'Noted.' });
    const gate = await first.until(runId, 'GateReached', 'ship');
    expect(gate.data).toMatchObject({
      message: 'Ship it?',
      shown: { upstream: [{ step: 'notes', summary: 'Noted.' }] },
    });
    await first.decide(runId, 'ship', 'APPROVE');
    const ship = await first.until(runId, 'StepReady', 'ship');
    expect(ship.data).toMatchObject({
      command: { env: { STEP_BUILD_SUMMARY: 'Built.', STEP_NOTES_SUMMARY: 'Noted.' } },
    });
    await first.attempt(runId, 'ship');
    await first.until(runId, 'RunCompleted');
    expect(await typesOf(runId)).toEqual([
      'RunStarted',
      'StepReady build',
      'StepCompleted build',
      'StepReady notes',
      'StepCompleted notes',
      'GateReached ship',
      'GateResolved ship',
      'StepReady ship',
      'StepCompleted ship',
      'RunCompleted',
    ]);
  });

  it('is rejected when people say no', async () => {
    const runId = await begun(first, { choices: { checkpointMode: 'EVERY_STEP' } });
    await first.decide(runId, 'a', 'REJECT');
    expect((await first.until(runId, 'RunRejected')).data).toMatchObject({ step: 'a', by: ada });
    expect(await typesOf(runId)).toEqual([
      'RunStarted',
      'GateReached a',
      'GateResolved a',
      'StepCancelled a',
      'StepCancelled b',
      'RunRejected',
    ]);
  });

  it('is cancelled when the sandbox has stopped what executed, and then for good', async () => {
    const runId = await begun(first);
    const cancel = () => first.commands.send(CancelRun, { runId, mode: 'GRACEFUL' }, adaAsks());
    expect(await cancel()).toMatchObject({ status: 'accepted', output: { runId } });
    await first.attempt(runId, 'a', { outcome: 'ERROR', cancelled: true });
    await first.until(runId, 'RunCancelled');
    expect(await cancel()).toMatchObject({ status: 'refused', refusal: { rejected: 'RUN_ENDED' } });
  });

  it('goes on in the next process when its own was stopped, and counts nothing twice', async () => {
    const database2 = database.url;
    const runId = await begun(first);
    await first.stop();
    second = await OrchestratorProcess.start(database2);
    await second.attempt(runId, 'a');
    await second.until(runId, 'StepReady', 'b');
    await second.stop();
    first = await OrchestratorProcess.start(database2);
    await first.attempt(runId, 'b');
    await first.until(runId, 'RunCompleted');
    expect(await typesOf(runId)).toEqual([
      'RunStarted',
      'StepReady a',
      'StepCompleted a',
      'StepReady b',
      'StepCompleted b',
      'RunCompleted',
    ]);
  });
});

describe('cancelling', () => {
  it.each(['run_00000000-0000-7000-8000-000000000000', 'nonsense'])('is refused for %s', async runId => {
    expect(await first.commands.send(CancelRun, { runId, mode: 'FORCE' }, adaAsks())).toMatchObject({
      status: 'refused',
      refusal: { rejected: 'RUN_NOT_FOUND' },
    });
  });
});
