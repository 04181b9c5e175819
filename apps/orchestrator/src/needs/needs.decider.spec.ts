import { NeedMet, NeedNoted } from '@runledger/contracts';
import { specify } from '@runledger/testing';
import { needs } from './needs.decider.js';
import type { Need } from './needs.decider.js';

const given = specify(needs);
const [at, later] = ['2026-11-21T09:00:00.000Z', '2026-11-21T10:00:00.000Z'];
const need = (runId: string, step: string, name: string): Need => ({ runId, step, name });
const note = (data: Need) => ({ type: 'NoteNeed' as const, data: { ...data, at } });
const noted = (data: Need) => NeedNoted({ ...data, notedAt: at });
const connect = (...names: string[]) => ({ type: 'MeetNeeds' as const, data: { names, at: later } });
const met = (data: Need) => NeedMet({ ...data, metAt: later });
const [forge, claude] = [need('run_1', 'fetch', 'git'), need('run_1', 'think', 'anthropic')];
const otherRun = need('run_2', 'fetch', 'git');

describe('what blocked steps wait for', () => {
  it('is noted, and met by whatever is connected under that name or kind', () => {
    given().when(note(forge)).thenEmits(noted(forge));
    given(noted(forge)).when(connect('forge', 'git')).thenEmits(met(forge));
  });

  it('is met for each step of each run, in the order in which they came', () => {
    given(noted(forge), noted(otherRun), noted(claude)).when(connect('git')).thenEmits(met(forge), met(otherRun));
  });

  it('is not met by something else', () => {
    given(noted(claude)).when(connect('git')).thenNothing();
    given().when(connect('git')).thenNothing();
  });

  it('is met once, and may be wanted again', () => {
    given(noted(forge), met(forge)).when(connect('git')).thenNothing();
    given(noted(forge), met(forge), noted(forge)).when(connect('git')).thenEmits(met(forge));
  });

  it('is what the step was blocked for last', () => {
    const moved = { ...forge, name: 'anthropic' };
    given(noted(forge), noted(moved)).when(connect('git')).thenNothing();
    given(noted(forge), noted(moved)).when(connect('git', 'anthropic')).thenEmits(met(moved));
  });

  it('of other steps, and of the same step in other runs, stays open', () => {
    const sameRun = need('run_1', 'push', 'git');
    given(noted(forge), noted(otherRun), noted(sameRun), met(forge))
      .when(connect('git'))
      .thenEmits(met(otherRun), met(sameRun));
  });
});
