import { ApprovalDecided, Preflight, ResumeRun, RetryRun, StartRun } from '@runledger/contracts';
import type { FunctionCall, Json } from '@runledger/contracts';
import { keyOf, streamOf } from '@runledger/kernel';
import { eventually } from '@runledger/testing';
import { ada, adaAsks, AT } from '../orchestrator.fixture.js';
import { begun, ReleaseWorld, request } from './release-flow.fixture.js';

let world: ReleaseWorld;

beforeEach(async () => {
  world = await ReleaseWorld.create();
});
afterEach(() => world.end());

test('a function is called with its input filled in, and its result goes on to the next steps', async () => {
  const inputs: Record<string, Json>[] = [];
  const note = (input: Record<string, Json>) => {
    inputs.push(input);
    return { summary: `Call ${inputs.length}.`, output: { ids: [7, 8], url: 'https://tickets.example/7' } };
  };
  const process = await world.given(
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
  const process = await world.given(
    { meet },
    ['a', 'b', 'c'].map(key => `  - { key: ${key}, function: meet }`).join('\n'),
  );
  await process.until(await begun(process), 'RunCompleted');
});

test('a throw fails the step with its code, message and fix; trying again is a new attempt with a key of its own', async () => {
  const keys: string[] = [];
  const flaky = (_input: unknown, { attempt, idempotencyKey }: FunctionCall) => {
    keys.push(idempotencyKey);
    if (attempt > 1) return { summary: 'At last.' };
    throw Object.assign(new Error('The tracker says no.'), { code: 'TRACKER', fix: 'Ask it nicely.' });
  };
  const process = await world.given({ flaky }, '  - { key: ticket, function: flaky }');
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
  const process = await world.given({ ticket }, '  - { key: ticket, function: ticket }');
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
  const before = await world.given({ ticket }, steps);
  const runId = await begun(before);
  await before.until(runId, 'GateReached');
  await world.ended(before);
  const without = await world.another({});
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
  await world.ended(without);
  const again = await world.another({ ticket });
  await again.commands.send(ResumeRun, { runId }, adaAsks());
  await again.until(runId, 'RunCompleted');
});

test('a run that would call what is not there does not begin: the start is declined, and a look ahead says so', async () => {
  const process = await world.given(
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
