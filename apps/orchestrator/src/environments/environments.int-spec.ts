import { Preflight, PublishFlow, ReportEnvironment, ResumeRun, StartRun } from '@runledger/contracts';
import { logDatabase } from '@runledger/event-store/testing';
import { eventually, type TestDatabase } from '@runledger/testing';
import { MemoryTimers } from '@runledger/timers';
import { adaAsks, AT, OrchestratorProcess } from '../orchestrator.fixture.js';

const FLOW = `slug: deploy
defaults: { profile: plain }
steps:
  - { key: build, run: make }
  - { key: ship, run: make ship, requires: { environments: [test-lab] } }`;

let database: TestDatabase;
let process: OrchestratorProcess;
const timers = new MemoryTimers({ now: AT });

beforeAll(async () => {
  database = await logDatabase();
  process = await OrchestratorProcess.start(database.url, () => timers);
  await process.publishProfile('plain');
  await process.commands.send(PublishFlow, { source: FLOW }, adaAsks());
});

afterAll(async () => {
  await process.stop();
  await database.drop();
});

const report = (environment: string, health: 'HEALTHY' | 'UNHEALTHY', reason?: string) =>
  process.commands.send(ReportEnvironment, { environment, health, ...(reason !== undefined && { reason }) }, adaAsks());

/** Waits until somebody looks after the step that requires an environment. */
const watched = () =>
  eventually(() => {
    if (!timers.waiting().some(({ kind }) => kind === 'run.environments')) throw new Error('Nobody looks yet.');
  });

it('blocks the steps that require an environment while it is not healthy, and no others', async () => {
  const request = { flow: 'deploy', parameters: {}, choices: {}, trigger: { kind: 'manual' } } as const;
  const started = await process.commands.send(StartRun, request, adaAsks());
  if (started.status === 'refused') throw new Error(started.refusal.message);
  const { runId } = started.output;
  await watched();
  await timers.advance(20_000);
  expect((await process.eventsOf(runId)).map(({ type }) => type)).toEqual(['RunStarted', 'StepReady', 'StepReady']);

  expect(await report('test-lab', 'UNHEALTHY', 'the database is away')).toMatchObject({ output: { changed: true } });
  expect(await report('test-lab', 'UNHEALTHY')).toMatchObject({ output: { changed: false } });
  expect(await process.commands.send(Preflight, request, adaAsks())).toMatchObject({
    output: {
      problems: [],
      warnings: [{ code: 'ENVIRONMENT_UNHEALTHY', message: expect.stringContaining('the database is away') }],
    },
  });
  await timers.advance(5_000);
  expect((await process.eventsOf(runId)).at(-1)).toMatchObject({
    type: 'StepBlocked',
    data: {
      step: 'ship',
      cause: {
        kind: 'ENVIRONMENT',
        message: 'The environment test-lab is not healthy: the database is away.',
        fix: 'Bring the environment back, then resume the run.',
      },
    },
  });

  await report('test-lab', 'HEALTHY');
  expect(await process.commands.send(Preflight, request, adaAsks())).toMatchObject({ output: { warnings: [] } });
  await process.commands.send(ResumeRun, { runId }, adaAsks());
  await watched();
  await timers.advance(20_000);
  expect((await process.eventsOf(runId)).at(-1)).toMatchObject({
    type: 'StepReady',
    data: { step: 'ship', attempt: 2 },
  });
});

it('takes no report of an environment that is not there', async () => {
  expect(await report('tset-lab', 'UNHEALTHY')).toMatchObject({
    status: 'refused',
    refusal: { rejected: 'ENVIRONMENT_NOT_FOUND', fix: expect.any(String) },
  });
});
