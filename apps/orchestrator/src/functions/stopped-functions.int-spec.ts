import { setTimeout as delay } from 'node:timers/promises';
import { CancelRun, type FunctionCall } from '@runledger/contracts';
import { eventually } from '@runledger/testing';
import { adaAsks } from '../orchestrator.fixture.js';
import { begun, ReleaseWorld } from './release-flow.fixture.js';

let world: ReleaseWorld;

beforeEach(async () => {
  world = await ReleaseWorld.create();
});
afterEach(() => world.end());

/** Resolves when somebody aborts the call. */
const stopped = ({ signal }: FunctionCall) =>
  new Promise<Error>(resolve => {
    signal.addEventListener('abort', () => {
      resolve(signal.reason as Error);
    });
  });

test('a function that takes too long fails, and is told', async () => {
  let reason: Promise<Error> | undefined;
  const slow = async (_input: unknown, call: FunctionCall) => {
    reason = stopped(call);
    await reason;
    return undefined;
  };
  const process = await world.given({ slow }, '  - { key: ticket, function: slow, timeout: 200ms }');
  const runId = await begun(process);
  const { error } = (await process.until(runId, 'RunFailed')).data as { error: unknown };
  expect(error).toMatchObject({ code: 'TIMEOUT', message: 'The function did not end within 200 ms.' });
  await expect(reason).resolves.toMatchObject({ name: 'TimeoutError' });
});

test('a cancelled run tells its function, which has time to end', async () => {
  const slow = async (_input: unknown, call: FunctionCall) => {
    throw await stopped(call);
  };
  const process = await world.given(
    { slow },
    '  - { key: ticket, function: slow }\n  - { key: next, needs: [ticket], function: slow }',
  );
  const runId = await begun(process);
  await process.until(runId, 'StepReady', 'ticket');
  await process.commands.send(CancelRun, { runId, mode: 'GRACEFUL' }, adaAsks());
  await process.until(runId, 'StepCancelled', 'ticket');
  await process.until(runId, 'RunCancelled');
});

test('a run that is cancelled by force does not wait for its function', async () => {
  const deaf = () => new Promise<undefined>(() => undefined);
  const process = await world.given({ deaf }, '  - { key: ticket, function: deaf }');
  const runId = await begun(process);
  await process.until(runId, 'StepReady', 'ticket');
  await process.commands.send(CancelRun, { runId, mode: 'FORCE' }, adaAsks());
  await process.until(runId, 'StepCancelled', 'ticket');
  await process.until(runId, 'RunCancelled');
});

test('an orchestrator that dies in the middle leaves nothing: the next one calls with the same key, and one end counts', async () => {
  const keys: string[] = [];
  let late: (() => void) | undefined;
  const hanging = async (_input: unknown, { idempotencyKey }: FunctionCall) => {
    keys.push(idempotencyKey);
    await new Promise<void>(resolve => (late = resolve));
    return { summary: 'Too late.' };
  };
  const first = await world.given({ ticket: hanging }, '  - { key: ticket, function: ticket }');
  const runId = await begun(first);
  await eventually(() => expect(keys).toHaveLength(1));
  const prompt = (_input: unknown, { idempotencyKey }: FunctionCall) => {
    keys.push(idempotencyKey);
    return { summary: 'In time.' };
  };
  const second = await world.another({ ticket: prompt }); // fences the first one off, as after its death
  await second.until(runId, 'RunCompleted');
  late?.();
  await world.ended(first);
  expect(keys).toEqual([keys[0], keys[0]]);
  const ends = (await second.eventsOf(runId)).filter(({ type }) => type === 'StepCompleted');
  expect(ends.map(({ data }) => data)).toEqual([expect.objectContaining({ summary: 'In time.' })]);
});

test('a stop waits a moment for a function and not for its end; the next orchestrator calls it again', async () => {
  const keys: string[] = [];
  const reasons: unknown[] = [];
  const endless = (_input: unknown, { idempotencyKey, signal }: FunctionCall) => {
    keys.push(idempotencyKey);
    signal.addEventListener('abort', () => reasons.push(signal.reason));
    return new Promise<undefined>(() => undefined);
  };
  const quick = async (_input: unknown, { idempotencyKey }: FunctionCall) => {
    keys.push(idempotencyKey);
    await delay(1_000);
    return { summary: 'Done in time.' };
  };
  const first = await world.given(
    { endless, quick },
    '  - { key: long, function: endless, timeout: 10m }\n  - { key: short, function: quick }',
  );
  const runId = await begun(first);
  await eventually(() => expect(keys).toHaveLength(2));
  const since = performance.now();
  await world.ended(first);
  expect(performance.now() - since).toBeLessThan(8_000); // and not the 10 s that a reaction has
  expect(reasons).toMatchObject([
    { name: 'AbortError', message: expect.stringMatching(/^The platform stops/) as string },
  ]);
  const second = await world.another({
    endless: (_input, { idempotencyKey }) => {
      keys.push(idempotencyKey);
      return { summary: 'Ended after all.' };
    },
  });
  await second.until(runId, 'RunCompleted');
  expect([...new Set(keys)]).toHaveLength(2);
  const ends = (await second.eventsOf(runId)).filter(({ type }) => /^Step(Completed|Failed)$/.test(type));
  expect(ends.map(({ data }) => (data as { summary?: string }).summary)).toEqual(['Done in time.', 'Ended after all.']);
});
