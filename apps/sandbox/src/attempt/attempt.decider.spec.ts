import { AttemptEnded, AttemptInterrupted, AttemptResumed, AttemptStarted, InfoRecorded } from '@runledger/contracts';
import { specify } from '@runledger/testing';
import { attempt } from './attempt.decider.js';
import type { AttemptCommand, EndedData } from './attempt.decider.js';

const given = specify(attempt);
const at = '2026-01-01T00:00:00.000Z';
const place = { attemptId: 'att_1.build.1', runId: 'run_1', step: 'build', attempt: 1 };

const startedData = {
  ...place,
  kind: 'command',
  profile: 'default',
  profileVersion: 1,
  driver: 'bubblewrap',
  worker: 'ada',
  startedAt: at,
} as const;
const resumedData = {
  ...place,
  worker: 'bob',
  reason: 'The worker had stopped.',
  cause: 'WORKER_GONE' as const,
  resumedAt: at,
};
const endedData: EndedData = {
  ...place,
  outcome: 'SUCCESS',
  cancelled: false,
  turns: 0,
  elapsedMs: 5,
  endedAt: at,
};
const cancelledData: EndedData = { ...endedData, outcome: 'ERROR', cancelled: true };
const started = AttemptStarted(startedData);
const resumed = AttemptResumed(resumedData);
const ended = AttemptEnded(endedData);
const interrupted = AttemptInterrupted({ ...place, worker: 'ada', reason: 'It has died.', interruptedAt: at });
const interrupt: AttemptCommand = { type: 'InterruptAttempt', data: interrupted.data };
const note = InfoRecorded({ ...place, entryId: 'n1', text: 'hello', at });

const start: AttemptCommand = { type: 'StartAttempt', data: startedData };
const cancelUnstarted: AttemptCommand = { type: 'CancelUnstarted', started: startedData, ended: cancelledData };
const resumeSeen = (seenEpoch: number): AttemptCommand => ({ type: 'ResumeAttempt', data: resumedData, seenEpoch });
const recordAs = (epoch: number): AttemptCommand => ({ type: 'RecordEntries', entries: [note], epoch });
const endAs = (epoch: number): AttemptCommand => ({ type: 'EndAttempt', entries: [note], data: endedData, epoch });

describe('an attempt', () => {
  it('is claimed by the first worker that starts it', () => given().when(start).thenEmits(started));
  it('is refused to the second claimer', () => given(started).when(start).thenRejects('ALREADY_CLAIMED'));
  it('is recorded by its owner', () => given(started).when(recordAs(1)).thenEmits(note));
  it('ends once, with its last entries', () => given(started).when(endAs(1)).thenEmits(note, ended));
  it('takes nothing after its end', () => given(started, ended).when(recordAs(1)).thenRejects('ATTEMPT_OVER'));
  it('does not end twice', () => given(started, ended).when(endAs(1)).thenRejects('ATTEMPT_OVER'));
  it('cannot be recorded before it started', () => given().when(recordAs(1)).thenRejects('NOT_STARTED'));
  it('cannot be resumed before it started', () => given().when(resumeSeen(0)).thenRejects('NOT_STARTED'));
  it('is taken over by the worker that resumes it', () => given(started).when(resumeSeen(1)).thenEmits(resumed));
  it('is taken over by only one of two', () =>
    given(started, resumed).when(resumeSeen(1)).thenRejects('NOT_THE_OWNER'));
  it('is interrupted once when its worker is found dead', () => {
    given(started).when(interrupt).thenEmits(interrupted);
    given(started, interrupted).when(interrupt).thenNothing();
  });
  it('is not interrupted when another worker has it already, or when it is over', () => {
    given(started, resumed).when(interrupt).thenNothing();
    given(started, ended).when(interrupt).thenNothing();
  });
  it('refuses the worker that lost it', () => given(started, resumed).when(recordAs(1)).thenRejects('NOT_THE_OWNER'));
  it('refuses an end by the worker that lost it', () =>
    given(started, resumed).when(endAs(1)).thenRejects('NOT_THE_OWNER'));
  it('is recorded by its new owner', () => given(started, resumed).when(recordAs(2)).thenEmits(note));
  it('is not resumed after its end', () => given(started, ended).when(resumeSeen(1)).thenRejects('ATTEMPT_OVER'));
  it('is answered without work when its run was cancelled before it began', () =>
    given().when(cancelUnstarted).thenEmits(started, AttemptEnded(cancelledData)));
  it('is not answered as never begun when a worker has it', () =>
    given(started).when(cancelUnstarted).thenRejects('ALREADY_CLAIMED'));
});
