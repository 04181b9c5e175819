import { PublishFlow, ReportEnvironment, ResumeRun, StartRun } from '@runledger/contracts';
import type { FunctionCall, Json, StepFunctions } from '@runledger/contracts';
import { logDatabase } from '@runledger/event-store/testing';
import { eventually, type TestDatabase } from '@runledger/testing';
import { MemoryTimers } from '@runledger/timers';
import { adaAsks, AT, OrchestratorProcess } from '../orchestrator.fixture.js';

const timers = new MemoryTimers({ now: AT });
const [began, told] = [[] as string[], [] as string[]];
/** Calls that wait to be let go. */
const held = new Map<string, () => void>();

const functions: StepFunctions = {
  /** Ends when it is let go, or told. */
  wait: async ({ name }: Record<string, Json>, { runId, step, attempt, signal }: FunctionCall) => {
    const call = typeof name === 'string' ? name : `${runId} ${step} ${attempt}`;
    began.push(call);
    await new Promise<void>((resolve, reject) => {
      held.set(call, resolve);
      signal.addEventListener('abort', () => {
        told.push(call);
        reject(signal.reason as Error);
      });
    });
    return { summary: `${call} is done.` };
  },
};

let database: TestDatabase;
let process: OrchestratorProcess;

beforeAll(async () => {
  database = await logDatabase();
  process = await OrchestratorProcess.start(database.url, () => timers, undefined, { functions });
  await process.publishProfile('plain');
});

afterAll(async () => {
  await process.stop();
  await database.drop();
});

async function published(source: string): Promise<void> {
  const outcome = await process.commands.send(PublishFlow, { source }, adaAsks());
  if (outcome.status === 'refused') throw new Error(JSON.stringify(outcome.refusal));
}

async function started(flow: string, parameters = {}, more: { readonly onlyStep?: string } = {}): Promise<string> {
  const request = { flow, parameters, choices: {}, trigger: { kind: 'manual' }, ...more } as const;
  const outcome = await process.commands.send(StartRun, request, adaAsks());
  if (outcome.status === 'refused') throw new Error(JSON.stringify(outcome.refusal));
  return outcome.output.runId;
}

async function letGo(call: string): Promise<void> {
  await eventually(() => expect(held.has(call)).toBe(true));
  held.get(call)?.();
}

const typesOf = async (runId: string) => (await process.eventsOf(runId)).map(({ type }) => type);

test('a function whose environment is not healthy any more is told, and called anew when the run is resumed', async () => {
  await published(`slug: lab
defaults: { profile: plain }
steps:
  - { key: measure, function: wait, requires: { environments: [test-lab] } }`);
  const runId = await started('lab');
  await eventually(() => expect(began).toContain(`${runId} measure 1`));
  await eventually(() => expect(timers.waiting().some(({ kind }) => kind === 'run.environments')).toBe(true));
  const report = (health: 'HEALTHY' | 'UNHEALTHY') =>
    process.commands.send(ReportEnvironment, { environment: 'test-lab', health }, adaAsks());
  await report('UNHEALTHY');
  await timers.advance(5_000);
  const { cause } = (await process.until(runId, 'StepBlocked')).data as { cause: unknown };
  expect(cause).toMatchObject({ kind: 'ENVIRONMENT' });
  await eventually(() => expect(told).toEqual([`${runId} measure 1`]));
  await report('HEALTHY');
  await process.commands.send(ResumeRun, { runId }, adaAsks());
  await letGo(`${runId} measure 2`);
  await process.until(runId, 'RunCompleted');
  expect((await typesOf(runId)).filter(type => /^Step/.test(type))).toEqual([
    ...['StepReady', 'StepBlocked', 'StepReady', 'StepCompleted'],
  ]);
});

test('runs that take turns wait for the function of the one before', async () => {
  await published(`slug: turns
parameters: { name: string }
defaults: { profile: plain }
concurrency: { key: release, policy: QUEUE }
steps:
  - { key: deploy, function: { name: wait, input: { name: '{{ parameters.name }}' } } }`);
  const first = await started('turns', { name: 'first' });
  const second = await started('turns', { name: 'second' });
  await process.until(second, 'RunPaused');
  await letGo('first');
  await process.until(first, 'RunCompleted');
  await letGo('second');
  await process.until(second, 'RunCompleted');
  const [[end], [ready]] = await Promise.all([
    process.eventsOf(first).then(events => events.filter(({ type }) => type === 'StepCompleted')),
    process.eventsOf(second).then(events => events.filter(({ type }) => type === 'StepReady')),
  ]);
  expect(Number(ready?.position)).toBeGreaterThan(Number(end?.position));
});

test('a step alone is one function', async () => {
  await published(`slug: pair
defaults: { profile: plain }
steps:
  - { key: one, function: { name: wait, input: { name: one } } }
  - { key: other, needs: [one], function: { name: wait, input: { name: other } } }`);
  const runId = await started('pair', {}, { onlyStep: 'other' });
  await letGo('other');
  await process.until(runId, 'RunCompleted');
  expect(began).not.toContain('one');
});
