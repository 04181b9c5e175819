import { CancelRun, ForceAdvance, PublishFlow, StartRun } from '@runledger/contracts';
import type { FunctionCall, StepFunctions } from '@runledger/contracts';
import { newUuid } from '@runledger/event-store';
import { logDatabase } from '@runledger/event-store/testing';
import { eventually, type TestDatabase } from '@runledger/testing';
import { MemoryTimers } from '@runledger/timers';
import { adaAsks, OrchestratorProcess, WORKSPACE } from '../orchestrator.fixture.js';

const OTHER = 'ws_other';
const FLOW = `slug: work
defaults: { profile: plain }
steps:
  - { key: first, function: work, timeout: 10m }
  - { key: second, needs: [first], function: work, timeout: 10m }`;

let database: TestDatabase;
const started: OrchestratorProcess[] = [];
/** Calls that were made, as `<workspace> <run> <step>`, in turn. */
let called: string[];
/** Of those, the calls that go on, each with what ends it. */
let going: Map<string, () => void>;

const functions: StepFunctions = {
  /** That of the one workspace takes as long as it likes, that of the other no time. */
  work: async (_input, { workspaceId, runId, step }: FunctionCall) => {
    const call = `${workspaceId} ${runId} ${step}`;
    called.push(call);
    if (workspaceId === WORKSPACE) await new Promise<void>(resolve => going.set(call, resolve));
    going.delete(call);
    return undefined;
  },
};

beforeEach(async () => {
  [called, going] = [[], new Map()];
  database = await logDatabase();
});

afterEach(async () => {
  for (const end of going.values()) end();
  await Promise.all(started.splice(0).map(process => process.stop()));
  await database.drop();
});

async function orchestrator(callsAtATime: number): Promise<OrchestratorProcess> {
  const own = { functions, callsAtATime };
  const process = await OrchestratorProcess.start(database.url, () => new MemoryTimers(), undefined, own);
  started.push(process);
  return process;
}

async function published(process: OrchestratorProcess): Promise<void> {
  for (const workspace of [WORKSPACE, OTHER]) {
    await process.seenFrom(workspace).publishProfile('plain');
    const outcome = await process.commands.send(PublishFlow, { source: FLOW }, adaAsks(newUuid(), workspace));
    if (outcome.status === 'refused') throw new Error(JSON.stringify(outcome.refusal));
  }
}

async function begun(process: OrchestratorProcess, workspace: string): Promise<string> {
  const request = { flow: 'work', parameters: {}, choices: {}, trigger: { kind: 'manual' } } as const;
  const outcome = await process.commands.send(StartRun, request, adaAsks(newUuid(), workspace));
  if (outcome.status === 'refused') throw new Error(outcome.refusal.message);
  return outcome.output.runId;
}

/** So many runs of one workspace, whose calls take all the slots that it can have, and wait for more. */
async function flood(process: OrchestratorProcess, runs: number): Promise<string[]> {
  await published(process);
  const ids: string[] = [];
  for (let run = 0; run < runs; run += 1) ids.push(await begun(process, WORKSPACE));
  return ids;
}

const callsOf = (workspace: string) => called.filter(call => call.startsWith(workspace));
const waitsFor = (calls: number) => eventually(() => expect(callsOf(WORKSPACE)).toHaveLength(calls));

/** The call that goes on for the longest time ends. */
function oneEnds(): void {
  const [end] = going.values();
  end?.();
}

test('while one workspace floods an orchestrator with calls that take long, the run of another is done at once', async () => {
  const process = await orchestrator(8);
  await flood(process, 40);
  await waitsFor(7);
  const runId = await begun(process, OTHER);
  await process.seenFrom(OTHER).until(runId, 'RunCompleted');
  expect(callsOf(WORKSPACE)).toHaveLength(7); // none of which has ended
});

test('where one workspace has all slots, the next one that is free is another’s, before forty that came first', async () => {
  const process = await orchestrator(2);
  await flood(process, 40);
  await waitsFor(2);
  const runId = await begun(process, OTHER);
  await process.seenFrom(OTHER).until(runId, 'StepReady', 'first');
  oneEnds();
  await process.seenFrom(OTHER).until(runId, 'StepCompleted', 'first');
  await process.seenFrom(OTHER).until(runId, 'StepReady', 'second');
  oneEnds();
  await process.seenFrom(OTHER).until(runId, 'RunCompleted');
  expect(callsOf(WORKSPACE).length).toBeLessThanOrEqual(4);
});

test('a run whose step waits for its slot is cancelled, or goes on without it, and the function is not called', async () => {
  const process = await orchestrator(2);
  const ids = await flood(process, 6);
  await waitsFor(2);
  const isCalled = (runId: string) => called.some(call => call.includes(runId));
  const [graceful = '', force = '', skipped = '', next = ''] = ids.filter(id => !isCalled(id));
  await process.commands.send(CancelRun, { runId: graceful, mode: 'GRACEFUL' }, adaAsks());
  await process.commands.send(CancelRun, { runId: force, mode: 'FORCE' }, adaAsks());
  await process.commands.send(ForceAdvance, { runId: skipped, step: 'first' }, adaAsks());
  await process.until(graceful, 'RunCancelled');
  await process.until(force, 'RunCancelled');
  await process.until(skipped, 'StepSkipped', 'first');
  expect(callsOf(WORKSPACE)).toHaveLength(2); // and nobody had to end for that
  oneEnds();
  await eventually(() => expect(isCalled(next)).toBe(true));
  expect([graceful, force].some(isCalled)).toBe(false);
  expect(called.some(call => call.includes(`${skipped} first`))).toBe(false);
});

test('what waits at a stop is left at once, and called by the next orchestrator, once', async () => {
  const first = await orchestrator(2);
  await flood(first, 20);
  await waitsFor(2);
  for (const end of going.values()) end();
  await waitsFor(4);
  const stopped = first.stop();
  for (const end of [...going.values()]) end();
  const since = performance.now();
  await stopped;
  started.splice(0);
  expect(performance.now() - since).toBeLessThan(2_500); // and not the three seconds that calls have
  const before = [...called];
  expect(before.length).toBeLessThanOrEqual(4);
  const second = await orchestrator(64);
  await eventually(() => expect(callsOf(WORKSPACE).filter(call => call.endsWith('first'))).toHaveLength(20));
  expect(new Set(called).size).toBe(called.length);
  expect(second).toBeDefined();
});
