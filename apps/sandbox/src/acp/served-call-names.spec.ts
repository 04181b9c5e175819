import type { RecordedAsk, RecordedCall } from '../attempt/attempt-history.js';
import { ProgramNames } from './program-names.js';
import { ServedCallNames } from './served-call-names.js';

const place = new ProgramNames({ attemptId: 'att_1.work.1', runId: 'run_1', step: 'work', attempt: 1 });
const fresh = () => new ServedCallNames({ calls: new Map(), asks: new Map() }, place);
const begun = { stdout: '', stderr: '' } as RecordedCall;
const ended = { ...begun, ended: {} } as RecordedCall;
const calls = (...known: [string, RecordedCall][]) => ({ calls: new Map(known), asks: new Map<string, RecordedAsk>() });

describe('the calls that a program makes of our tools', () => {
  const first = fresh().of('start_flow', { flow: 'a' });

  it('are another call each time', () => {
    const names = fresh();
    const made = [1, 2, 3].map(() => names.of('start_flow', { flow: 'a' }));
    expect(new Set([...made, names.of('start_flow', { flow: 'b' })]).size).toBe(4);
  });

  it('go on where they were when they had no answer before a restart', () => {
    expect(new ServedCallNames(calls([first, begun]), place).of('start_flow', { flow: 'a' })).toBe(first);
    const asks = new Map<string, RecordedAsk>([[first, {}]]);
    expect(new ServedCallNames({ calls: new Map(), asks }, place).of('start_flow', { flow: 'a' })).toBe(first);
  });

  it('have the answer once more that the program did not hear: if it is the first thing that it asks for', () => {
    expect(new ServedCallNames(calls([first, ended]), place).of('start_flow', { flow: 'a' })).toBe(first);
    const later = new ServedCallNames(calls([first, ended]), place);
    later.of('ask_user', { question: 'Well?' });
    expect(later.of('start_flow', { flow: 'a' })).toBe(first.replace(/1$/, '2'));
  });
});
