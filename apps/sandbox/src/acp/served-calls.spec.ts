import type { AgentRun } from '../agent/agent-run.js';
import { emptyHistory } from '../attempt/attempt-history.js';
import { StopSwitch } from '../attempt/stop-switch.js';
import type { StepResult } from '../attempt/step-run.js';
import { ProgramNames } from './program-names.js';
import { ServedCallNames } from './served-call-names.js';
import { ServedCalls } from './served-calls.js';

const place = { attemptId: 'att_1.work.1', runId: 'run_1', step: 'work', attempt: 1 };
const BATCH = { agents: [{ prompt: 'Do it.' }] };
const waiting = new AbortController().signal;

/** A program whose agents are done when the specification says so. */
function program(patienceMs: number | undefined) {
  const done: ((end: StepResult) => void)[] = [];
  const written: string[] = [];
  const history = emptyHistory();
  const transcript = {
    ...{ place, now: () => '2026-11-22T10:00:00.000Z', flush: () => Promise.resolve() },
    add: ({ type, data }: { readonly type: string; readonly data: { readonly tool: string } }) =>
      void written.push(`${type} ${data.tool}`),
  };
  const stop = new StopSwitch();
  const work = () => new Promise<StepResult>(resolve => done.push(resolve));
  const subAgents = { turns: new Map(), firstOf: () => 1, work };
  const run = { attempt: { place }, history, transcript, stop, asking: [], tools: ['spawn_agents'] };
  const calls = new ServedCalls({
    run: run as never,
    names: new ServedCallNames(history, new ProgramNames(place)),
    runWith: own => ({ ...run, stop: own, subAgents }) as unknown as AgentRun,
    patienceMs,
  });
  const report = () => done.splice(0).forEach(end => end({ outcome: 'SUCCESS', turns: 1, summary: 'It is done.' }));
  return {
    calls,
    report,
    written,
    begun: () => written.filter(line => line === 'ToolCallStarted spawn_agents').length,
  };
}

describe('the calls that a program makes of our tools', () => {
  it('are answered in time where agents take longer than clients wait, and the reports come afterwards', async () => {
    const { calls, report, begun } = program(10);
    const early = await calls.call('spawn_agents', BATCH, waiting);
    expect(early).toMatchObject({ isError: false, text: expect.stringContaining('Call await_agents') as string });
    expect(await calls.awaitAgents(waiting)).toEqual(early);
    expect(await calls.call('spawn_agents', BATCH, waiting)).toEqual(early);
    report();
    const text = '[Agent 1]\nIt is done.';
    expect(await calls.awaitAgents(waiting)).toEqual({ text, isError: false });
    expect(await calls.awaitAgents(waiting)).toMatchObject({ isError: true });
    expect([begun(), calls.busy]).toEqual([1, false]);
  });

  it('leave no timer behind, whichever way they end', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance'] });
    const { calls, report } = program(50_000);
    const answered = calls.call('spawn_agents', BATCH, waiting);
    await new Promise(setImmediate);
    expect(jest.getTimerCount()).toBe(1);
    report();
    expect(await answered).toMatchObject({ isError: false });
    expect(jest.getTimerCount()).toBe(0);
    const leaving = new AbortController();
    const unheard = calls.call('spawn_agents', BATCH, leaving.signal);
    await new Promise(setImmediate);
    leaving.abort();
    expect(await unheard).toMatchObject({ isError: true });
    expect(jest.getTimerCount()).toBe(0);
  });

  it('are another one when the same is asked for while somebody waits for the first', async () => {
    const { calls, report, begun } = program(undefined);
    const both = [1, 2].map(() => calls.call('spawn_agents', BATCH, waiting));
    await new Promise(setImmediate);
    report();
    expect(await Promise.all(both)).toHaveLength(2);
    expect(begun()).toBe(2);
  });

  it('are sixteen at a time, and what is more is told to wait', async () => {
    const { calls, report } = program(undefined);
    const made = Array.from({ length: 17 }, () => calls.call('spawn_agents', BATCH, waiting));
    expect(await made.at(-1)).toEqual({
      text: 'LIMIT: 16 calls are under way: wait for one of them.',
      isError: true,
    });
    await new Promise(setImmediate);
    report();
    expect((await Promise.all(made)).filter(({ isError }) => isError)).toHaveLength(1);
  });
});
