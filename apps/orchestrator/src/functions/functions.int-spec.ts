import { setTimeout as delay } from 'node:timers/promises';
import {
  ApprovalDecided,
  CancelRun,
  Preflight,
  PublishFlow,
  RetryRun,
  ResumeRun,
  StartRun,
} from '@runledger/contracts';
import type { FunctionCall, Json, StepFunctions } from '@runledger/contracts';
import { logDatabase } from '@runledger/event-store/testing';
import { keyOf, streamOf } from '@runledger/kernel';
import { eventually, type TestDatabase } from '@runledger/testing';
import { MemoryTimers } from '@runledger/timers';
import { ada, adaAsks, AT, OrchestratorProcess } from '../orchestrator.fixture.js';

let database: TestDatabase;
const started: OrchestratorProcess[] = [];

beforeEach(async () => {
  database = await logDatabase();
});

afterEach(async () => {
  await Promise.all(started.splice(0).map(process => process.stop()));
  await database.drop();
});

/** An orchestrator that has these functions, and a flow of these steps. */
async function given(functions: StepFunctions, steps: string): Promise<OrchestratorProcess> {
  const process = await another(functions);
  await process.publishProfile('plain');
  const source = `slug: release\ndefaults: { profile: plain }\nparameters: { version: string }\nsteps:\n${steps}`;
  const outcome = await process.commands.send(PublishFlow, { source }, adaAsks());
  if (outcome.status === 'refused') throw new Error(JSON.stringify(outcome.refusal));
  return process;
}

async function another(functions: StepFunctions): Promise<OrchestratorProcess> {
  const process = await OrchestratorProcess.start(database.url, () => new MemoryTimers(), undefined, { functions });
  started.push(process);
  return process;
}

async function ended(process: OrchestratorProcess): Promise<void> {
  started.splice(started.indexOf(process), 1);
  await process.stop();
}

const request = {
  flow: 'release',
  parameters: { version: '1.2' },
  choices: {},
  trigger: { kind: 'manual' },
} as const;

async function begun(process: OrchestratorProcess): Promise<string> {
  const outcome = await process.commands.send(StartRun, request, adaAsks());
  if (outcome.status === 'refused') throw new Error(outcome.refusal.message);
  return outcome.output.runId;
}

/** Resolves when somebody aborts the call. */
const stopped = ({ signal }: FunctionCall) =>
  new Promise<Error>(resolve => {
    signal.addEventListener('abort', () => {
      resolve(signal.reason as Error);
    });
  });

test('a function is called with its input filled in, and its result goes on to the next steps', async () => {
  const inputs: Record<string, Json>[] = [];
  const note = (input: Record<string, Json>) => {
    inputs.push(input);
    return { summary: `Call ${inputs.length}.`, output: { ids: [7, 8], url: 'https://tickets.example/7' } };
  };
  const process = await given(
    { note },
    `  - { key: ticket, function: { name: note, input: { title: 'Release {{ parameters.version }}', tries: 3 } } }
  - key: link
    needs: [ticket]
    function: { name: note, input: { all: '{{ steps.ticket.output.ids }}', text: 'See {{ steps.ticket.output.url }}: {{ steps.ticket.summary }}' } }`,
  );
  const runId = await begun(process);
  await process.until(runId, 'RunCompleted');
  expect(inputs).toEqual([
    { title: 'Release 1.2', tries: 3 },
    { all: [7, 8], text: 'See https://tickets.example/7: Call 1.' },
  ]);
  expect((await process.until(runId, 'StepCompleted', 'ticket')).data).toMatchObject({
    outcome: 'SUCCESS',
    attempt: 1,
    summary: 'Call 1.',
    output: { ids: [7, 8] },
  });
});

test('functions of one run are called side by side', async () => {
  const begunCalls: string[] = [];
  const meet = async (_input: unknown, { step }: FunctionCall) => {
    begunCalls.push(step);
    await eventually(() => {
      if (begunCalls.length < 3) throw new Error('The others are not there yet.');
    });
    return undefined;
  };
  const process = await given({ meet }, ['a', 'b', 'c'].map(key => `  - { key: ${key}, function: meet }`).join('\n'));
  await process.until(await begun(process), 'RunCompleted');
});

test('a throw fails the step with its code, message and fix; trying again is a new attempt with a key of its own', async () => {
  const keys: string[] = [];
  const flaky = (_input: unknown, { attempt, idempotencyKey }: FunctionCall) => {
    keys.push(idempotencyKey);
    if (attempt > 1) return { summary: 'At last.' };
    throw Object.assign(new Error('The tracker says no.'), { code: 'TRACKER', fix: 'Ask it nicely.' });
  };
  const process = await given({ flaky }, '  - { key: ticket, function: flaky }');
  const runId = await begun(process);
  const { error } = (await process.until(runId, 'RunFailed')).data as { error: unknown };
  expect(error).toMatchObject({ code: 'TRACKER', message: 'The tracker says no.', fix: 'Ask it nicely.' });
  const again = { runId, from: 'FAILED_STEP', mode: 'IN_PLACE', version: 'SAME' } as const;
  const outcome = await process.commands.send(RetryRun, again, adaAsks());
  expect(outcome.status).toBe('accepted');
  await process.until(runId, 'RunCompleted');
  expect(new Set(keys).size).toBe(2);
});

test('what is missing outside blocks the step, and resuming calls it again', async () => {
  let isConnected = false;
  const ticket = () => {
    if (!isConnected) throw Object.assign(new Error('The tracker is not connected.'), { code: 'INTEGRATION' });
    return undefined;
  };
  const process = await given({ ticket }, '  - { key: ticket, function: ticket }');
  const runId = await begun(process);
  const { cause } = (await process.until(runId, 'StepBlocked')).data as { cause: unknown };
  expect(cause).toMatchObject({ kind: 'INTEGRATION', message: 'The tracker is not connected.' });
  isConnected = true;
  await process.commands.send(ResumeRun, { runId }, adaAsks());
  await process.until(runId, 'RunCompleted');
});

test('a function that is gone since the run began blocks its step until an orchestrator has it', async () => {
  const steps = '  - { key: ask, gate: May it? }\n  - { key: ticket, needs: [ask], function: ticket }';
  const ticket = () => ({ summary: 'Opened.' });
  const before = await given({ ticket }, steps);
  const runId = await begun(before);
  await before.until(runId, 'GateReached');
  await ended(before);
  const without = await another({});
  const requestId = `apr_${keyOf(runId)}.ask.between.1`;
  const { data } = await without.until(runId, 'GateReached');
  expect(data).toMatchObject({ gateId: requestId });
  const approved = ApprovalDecided({
    ...{ requestId, runId, step: 'ask', decision: 'APPROVE', by: ada, shownHash: 'x', decidedAt: AT },
    ...{ kind: 'gate', how: 'PEOPLE', calls: [] },
  });
  await without.append(streamOf('approval', requestId), runId, approved);
  const { cause } = (await without.until(runId, 'StepBlocked')).data as { cause: unknown };
  expect(cause).toMatchObject({ kind: 'ENVIRONMENT', message: 'There is no function ticket.' });
  await ended(without);
  const again = await another({ ticket });
  await again.commands.send(ResumeRun, { runId }, adaAsks());
  await again.until(runId, 'RunCompleted');
});

test('a run that would call what is not there does not begin: the start is declined, and a look ahead says so', async () => {
  const process = await given(
    { note: () => undefined },
    '  - { key: a, function: note }\n  - { key: b, function: tickt }',
  );
  const outcome = await process.commands.send(StartRun, request, adaAsks());
  const details = [{ path: 'steps.b', message: 'The function tickt is not there.' }];
  expect(outcome).toMatchObject({ refusal: { rejected: 'PREFLIGHT_FAILED', details } });
  const ahead = await process.commands.send(Preflight, request, adaAsks());
  expect(ahead).toMatchObject({
    output: {
      steps: [
        { key: 'a', kind: 'function', function: 'note', tools: [] },
        { key: 'b', kind: 'function', function: 'tickt' },
      ],
      functions: [
        { name: 'note', steps: ['a'], available: true },
        { name: 'tickt', steps: ['b'], available: false },
      ],
      problems: [
        { code: 'PREFLIGHT_FAILED', details, fix: expect.stringContaining('ORCHESTRATOR_FUNCTIONS') as string },
      ],
    },
  });
  const alone = await process.commands.send(StartRun, { ...request, onlyStep: 'a' }, adaAsks());
  expect(alone.status).toBe('accepted');
});

test('a function that takes too long fails, and is told', async () => {
  let reason: Promise<Error> | undefined;
  const slow = async (_input: unknown, call: FunctionCall) => {
    reason = stopped(call);
    await reason;
    return undefined;
  };
  const process = await given({ slow }, '  - { key: ticket, function: slow, timeout: 200ms }');
  const runId = await begun(process);
  const { error } = (await process.until(runId, 'RunFailed')).data as { error: unknown };
  expect(error).toMatchObject({ code: 'TIMEOUT', message: 'The function did not end within 200 ms.' });
  await expect(reason).resolves.toMatchObject({ name: 'TimeoutError' });
});

test('a cancelled run tells its function, which has time to end', async () => {
  const slow = async (_input: unknown, call: FunctionCall) => {
    throw await stopped(call);
  };
  const process = await given(
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
  const process = await given({ deaf }, '  - { key: ticket, function: deaf }');
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
  const first = await given({ ticket: hanging }, '  - { key: ticket, function: ticket }');
  const runId = await begun(first);
  await eventually(() => expect(keys).toHaveLength(1));
  const prompt = (_input: unknown, { idempotencyKey }: FunctionCall) => {
    keys.push(idempotencyKey);
    return { summary: 'In time.' };
  };
  const second = await another({ ticket: prompt }); // fences the first one off, as after its death
  await second.until(runId, 'RunCompleted');
  late?.();
  await first.stop();
  started.splice(started.indexOf(first), 1);
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
  const first = await given(
    { endless, quick },
    '  - { key: long, function: endless, timeout: 10m }\n  - { key: short, function: quick }',
  );
  const runId = await begun(first);
  await eventually(() => expect(keys).toHaveLength(2));
  const since = performance.now();
  await first.stop();
  started.splice(started.indexOf(first), 1);
  expect(performance.now() - since).toBeLessThan(8_000); // and not the 10 s that a reaction has
  expect(reasons).toMatchObject([
    { name: 'AbortError', message: expect.stringMatching(/^The platform stops/) as string },
  ]);
  const second = await another({
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
