import { PauseRun, PublishFlow, RerunFromStep, RetryRun, RetryStep, StartRun } from '@runledger/contracts';
import { logDatabase } from '@runledger/event-store/testing';
import { eventually, type TestDatabase } from '@runledger/testing';
import { MemoryTimers } from '@runledger/timers';
import { ada, adaAsks, AT, OrchestratorProcess } from './orchestrator.fixture.js';

const flow = (run: string) => `slug: ship
parameters: { target: { type: string, default: staging } }
defaults: { profile: plain }
steps:
  - { key: build, run: make }
  - { key: deploy, needs: [build], run: ${run} }`;
const PATIENT = `slug: patient
defaults: { profile: plain }
steps: [{ key: call, run: x, onFailure: { retry: { max: 1, backoff: 1m } } }]`;
const CRASH = { outcome: 'ERROR', error: { code: 'COMMAND_FAILED', message: 'Exit code 1.' } } as const;

let database: TestDatabase;
let process: OrchestratorProcess;
const timers = new MemoryTimers({ now: AT });

beforeAll(async () => {
  database = await logDatabase();
  process = await OrchestratorProcess.start(database.url, () => timers);
  await process.publishProfile('plain');
  for (const source of [flow('deploy --careful'), PATIENT]) {
    await process.commands.send(PublishFlow, { source }, adaAsks());
  }
});

afterAll(async () => {
  await process.stop();
  await database.drop();
});

async function begun(slug: string): Promise<string> {
  const request = { flow: slug, parameters: {}, choices: {}, trigger: { kind: 'manual' } } as const;
  const outcome = await process.commands.send(StartRun, request, adaAsks());
  if (outcome.status === 'refused') throw new Error(outcome.refusal.message);
  return outcome.output.runId;
}

/** A run whose first step is done and whose second one has failed. */
async function failedRun(): Promise<string> {
  const runId = await begun('ship');
  await process.attempt(runId, 'build', { summary: 'Built.' });
  await process.until(runId, 'StepReady', 'deploy');
  await process.attempt(runId, 'deploy', CRASH);
  await process.until(runId, 'RunFailed');
  return runId;
}

const lastOf = async (runId: string, type: string) =>
  (await process.eventsOf(runId)).findLast(event => event.type === type)?.data;

describe('a failed run', () => {
  it('is retried in place from the step that failed, with the rights of whoever asks', async () => {
    const runId = await failedRun();
    const outcome = await process.commands.send(RetryStep, { runId, step: 'deploy' }, adaAsks());
    expect(outcome).toMatchObject({ status: 'accepted', output: { runId, attempt: 2 } });
    expect(await lastOf(runId, 'StepReady')).toMatchObject({ step: 'deploy', attempt: 2, askedBy: ada });
    await process.attempt(runId, 'deploy', { attempt: 2 });
    await process.until(runId, 'RunCompleted');
  });

  it('is retried in place with other parameters and the latest version of its flow', async () => {
    const runId = await failedRun();
    await process.commands.send(PublishFlow, { source: flow('deploy --boldly') }, adaAsks());
    const retry = { runId, from: 'FAILED_STEP', mode: 'IN_PLACE', version: 'LATEST' } as const;
    await process.commands.send(RetryRun, { ...retry, parameters: { target: 'production' } }, adaAsks());
    expect(await lastOf(runId, 'RunReopened')).toMatchObject({
      flow: { version: 2 },
      parameters: { target: 'production' },
    });
    expect(await lastOf(runId, 'StepReady')).toMatchObject({
      command: { run: 'deploy --boldly', env: { PARAM_TARGET: 'production', STEP_BUILD_SUMMARY: 'Built.' } },
    });
  });

  it('is cloned: a new run has what was done and says whose retry it is', async () => {
    const source = await failedRun();
    const retry = { runId: source, from: 'FAILED_STEP', mode: 'CLONE', version: 'SAME' } as const;
    const outcome = await process.commands.send(RetryRun, retry, adaAsks());
    if (outcome.status === 'refused') throw new Error(outcome.refusal.message);
    const { runId } = outcome.output;
    expect(runId).not.toBe(source);
    expect(await lastOf(runId, 'RunStarted')).toMatchObject({
      lineage: { kind: 'RETRY', of: source },
      inherited: [{ step: 'build', state: 'COMPLETED', from: { runId: source, attempt: 1 }, summary: 'Built.' }],
    });
    expect((await process.eventsOf(runId)).map(({ type }) => type)).toEqual(['RunStarted', 'StepReady']);
    expect((await process.eventsOf(source)).at(-1)?.type).toBe('RunFailed');
  });

  it('is not retried when the changed parameters do not fit, and stays as it is', async () => {
    const runId = await failedRun();
    const retry = { runId, from: 'FAILED_STEP', mode: 'IN_PLACE', version: 'SAME' } as const;
    const outcome = await process.commands.send(RetryRun, { ...retry, parameters: { target: 7 } }, adaAsks());
    expect(outcome).toMatchObject({ status: 'refused', refusal: { rejected: 'INVALID_PARAMETER' } });
    expect((await process.eventsOf(runId)).at(-1)?.type).toBe('RunFailed');
  });

  it('is re-run from a step as a new run; one that has not ended is not', async () => {
    const source = await failedRun();
    const again = { step: 'deploy', version: 'SAME' } as const;
    const outcome = await process.commands.send(RerunFromStep, { runId: source, ...again }, adaAsks());
    if (outcome.status === 'refused') throw new Error(outcome.refusal.message);
    const { runId } = outcome.output;
    expect(await lastOf(runId, 'RunStarted')).toMatchObject({
      lineage: { kind: 'RERUN', of: source, fromStep: 'deploy' },
    });
    const early = await process.commands.send(RerunFromStep, { runId, ...again }, adaAsks());
    expect(early).toMatchObject({ refusal: { rejected: 'NOT_POSSIBLE', fix: 'Possible now: pause, cancel.' } });
  });
});

describe('a run that waits for the clock', () => {
  it('tries its step again when the time has come', async () => {
    const runId = await begun('patient');
    await process.attempt(runId, 'call', CRASH);
    await process.until(runId, 'StepRetryScheduled');
    const attempt = await eventually(async () => {
      await timers.advance(60_000);
      const ready = (await lastOf(runId, 'StepReady')) as { readonly attempt: number };
      return ready.attempt === 2;
    });
    expect(attempt).toBe(true);
  });
});

describe('a run that is not there', () => {
  it('is not steered', async () => {
    const runId = 'run_0198aaaa-bbbb-7ccc-8ddd-00000000dead';
    const outcome = await process.commands.send(PauseRun, { runId }, adaAsks());
    expect(outcome).toMatchObject({ status: 'refused', refusal: { rejected: 'RUN_NOT_FOUND' } });
  });
});
