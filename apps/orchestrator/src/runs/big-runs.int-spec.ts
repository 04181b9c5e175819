import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PublishFlow, RerunFromStep, StartRun } from '@runledger/contracts';
import { FileBlobStore } from '@runledger/platform';
import { logDatabase } from '@runledger/event-store/testing';
import type { TestDatabase } from '@runledger/testing';
import { MemoryTimers } from '@runledger/timers';
import { adaAsks, OrchestratorProcess } from '../orchestrator.fixture.js';

const STEPS = 10_000;
/** A root on which everything else depends, in JSON, which is read fastest. */
const FLOW = {
  slug: 'huge',
  defaults: { profile: 'plain' },
  steps: Array.from({ length: STEPS }, (_, n) => ({
    key: `build-${n}`,
    name: `Build package number ${n}`,
    ...(n === 0 ? {} : { needs: ['build-0'] }),
    run: `cd packages/package-${n}\nnpm ci && npm test\necho "package ${n} is done" > report.txt\n`,
    timeout: '15m',
    artifacts: ['report.txt'],
  })),
};

let database: TestDatabase;
let folder: string;
const running: OrchestratorProcess[] = [];

beforeAll(async () => {
  database = await logDatabase();
  folder = await mkdtemp(join(tmpdir(), 'runledger-huge-'));
});

afterAll(async () => {
  for (const process of running) await process.stop();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

async function process(): Promise<OrchestratorProcess> {
  const one = await OrchestratorProcess.start(database.url, () => new MemoryTimers(), new FileBlobStore(folder));
  running.push(one);
  return one;
}

it('starts a run of 10,000 steps, which another process takes on from the log', async () => {
  const one = await process();
  await one.publishProfile('plain');
  const published = await one.commands.send(PublishFlow, { source: JSON.stringify(FLOW) }, adaAsks());
  expect(published).toMatchObject({ status: 'accepted', output: { version: 1 } });
  const request = { flow: 'huge', parameters: {}, choices: {}, trigger: { kind: 'manual' } } as const;
  const started = await one.commands.send(StartRun, request, adaAsks());
  if (started.status === 'refused') throw new Error(started.refusal.message);
  const { runId } = started.output;
  await one.stop();
  running.pop();

  const other = await process();
  await other.attempt(runId, 'build-0');
  await other.until(runId, 'StepReady', 'build-199');
  const [first] = await other.eventsOf(runId);
  expect(first?.type).toBe('RunStarted');
  const again = await other.commands.send(RerunFromStep, { runId, step: 'build-9999', version: 'SAME' }, adaAsks());
  expect(again).toMatchObject({ status: 'refused', refusal: { rejected: 'NOT_POSSIBLE' } });
});
