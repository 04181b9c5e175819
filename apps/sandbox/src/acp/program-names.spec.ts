import type { RecordedCall } from '../attempt/attempt-history.js';
import { ProgramBatches } from './program-batches.js';
import { ProgramNames } from './program-names.js';

const place = { attemptId: 'att_1.work.1', runId: 'run_1', step: 'work', attempt: 1 };
const ofTheStep = new ProgramNames(place);
const ofAgent = new ProgramNames({ ...place, agent: '3' });
const served = (hash: string, number = 1) => ofTheStep.call(`served.${hash.repeat(16)}.${number}`);

describe('the names of what a program does', () => {
  it('are those that it gives, within its attempt and its agent', () => {
    expect([ofTheStep.own('toolu_1'), ofAgent.own('toolu_1')]).toEqual(['work.1.toolu_1', 'work.1.a3.toolu_1']);
    expect(ofAgent.isOwn('work.1.a3.toolu_1')).toBe(true);
    expect(ofTheStep.isOwn('work.1.a3.toolu_1')).toBe(false);
  });

  it('are never those of calls of ours, which people may have allowed, whatever it calls them', () => {
    for (const name of [ofTheStep, ofAgent]) {
      const forged = served('0').slice('work.1.'.length);
      expect(name.isServed(name.own(forged))).toBe(false);
      expect(name.isServed(name.own(`own.${forged}`))).toBe(false);
    }
    expect(ofAgent.isOwn(ofTheStep.own('a3.toolu_1'))).toBe(false);
    expect(ofTheStep.own('x'.repeat(1_000_000)).length).toBeLessThan(100);
  });

  it('tell its calls of ours from those that were made for them', () => {
    expect([served('0'), `${served('0')}.a1`].map(id => ofTheStep.isServed(id))).toEqual([true, false]);
  });
});

describe('the numbers of the agents of a program', () => {
  const batch = (count: number | string, ended?: object): RecordedCall =>
    ({
      started: {
        tool: 'spawn_agents',
        arguments: { agents: typeof count === 'string' ? count : Array(count).fill({}) },
      },
      ...(ended && { ended }),
    }) as unknown as RecordedCall;
  const call = (agents: number) =>
    ({
      type: 'tool-call',
      toolCallId: 'x',
      toolName: 'spawn_agents',
      input: { agents: Array(agents).fill({}) },
    }) as const;

  it('count through the attempt, and are the same for the call that is made again after a restart', () => {
    const before = new ProgramBatches({ calls: new Map() }, ofTheStep);
    expect([before.firstOf(served('1'), call(2)), before.firstOf(served('2'), call(3))]).toEqual([1, 3]);
    const recorded = new Map([
      [served('0'), batch(5, { error: { code: 'INVALID_TOOL_CALL' } })],
      [served('1'), batch(2, {})],
      [`${served('1')}.a1`, batch(7)],
      [served('2'), batch(3)],
    ]);
    const after = new ProgramBatches({ calls: recorded }, ofTheStep);
    expect([after.firstOf(served('2'), call(3)), after.firstOf(served('3'), call(1))]).toEqual([3, 6]);
  });

  it('leave room behind a call whose arguments were too long to be kept', () => {
    const recorded = new Map([[served('1'), batch('[{"prompt":"… (70000 characters of JSON)')]]);
    expect(new ProgramBatches({ calls: recorded }, ofTheStep).firstOf(served('2'), call(1))).toBe(21);
  });
});
