import {
  RunCancelled,
  RunCancelRequested,
  RunFailed,
  RunRejected,
  RunReopened,
  StepBlocked,
  StepCancelled,
  StepCompleted,
  StepFailed,
  StepForceAdvanced,
  StepReady,
  StepRetryScheduled,
  StepSkipped,
  type StepDefinition,
} from '@runledger/contracts';
import type { DomainEvent } from '@runledger/kernel';
import { announcement, functionStory } from './function-story.fixture.js';
import { at, BY } from './run-story.fixture.js';
import { stepsConcerned } from './run-steps.js';
import { recorded, viewAfter } from './run-view.fixture.js';
import { waitingOn } from './waiting.js';

const RUN = 'run_0198-f';
const run = functionStory(RUN);
const place = { runId: RUN, step: 'ticket', attempt: 1 };
const error = { code: 'TRACKER', message: 'The tracker says no.', fix: 'Ask it nicely.' };
const called = [run.started(), run.called('ticket', 'open-ticket'), run.called('note', 'post-note')];

const given = (...events: readonly DomainEvent[]) => viewAfter(RUN, events);
const stepOf = (key: string, ...events: readonly DomainEvent[]) =>
  given(...events).steps.find(step => step.key === key);
const ticketAfter = (...events: readonly DomainEvent[]) => stepOf('ticket', ...called, ...events);

const failed = (key = 'ticket', then: 'FAIL' | 'ROUTE' = 'FAIL') =>
  StepFailed({ ...place, step: key, outcome: 'ERROR', error, then, failedAt: at(5) });
const notAwaited = { outcome: 'ERROR', error: { code: 'CANCELLED', message: expect.stringContaining('function') } };
const { function: _function, ...bare } = announcement.steps[0] as StepDefinition;
const asScript: StepDefinition = { ...bare, command: { run: 'make ticket' } };
const reopened = (more: Partial<ReturnType<typeof RunReopened>['data']> = {}) =>
  RunReopened({
    ...{ runId: RUN, verb: 'RETRY', from: 'FAILED', scope: 'REMAINING', by: BY, reopenedAt: at(9), ...more },
  });
const inVersion2 = (steps: readonly StepDefinition[]) => ({
  flow: { version: 2, hash: 'c'.repeat(64), steps: [...steps] },
});

describe('a step that calls a function', () => {
  it('names the function, and executes as soon as everything is there: nobody takes it up', () => {
    expect(stepOf('ticket', run.started())).toMatchObject({ kind: 'FUNCTION', function: 'open-ticket', attempts: [] });
    const view = given(...called);
    expect(view.status).toBe('RUNNING');
    expect(view.steps[0]).toMatchObject({
      state: 'RUNNING',
      attempts: [{ number: 1, state: 'RUNNING', function: 'open-ticket', readyAt: at(1), startedAt: at(1), turns: 0 }],
    });
  });

  it('is waited for by its name, since it was called and until its time is up (R4)', () => {
    const [first] = waitingOn(given(...called));
    expect(first).toEqual({
      ...{ kind: 'STEP', what: 'The function open-ticket of Open a ticket returns.', step: 'ticket' },
      ...{ since: at(1), until: at(61) },
    });
  });
});

describe('the attempt of a function ends', () => {
  it('when its step is completed, with what it returned', () => {
    const step = ticketAfter(run.completed('ticket'));
    expect(step).toMatchObject({ state: 'COMPLETED', summary: 'ticket is done.', output: { ok: true } });
    expect(step?.attempts).toMatchObject([
      { state: 'ENDED', outcome: 'SUCCESS', summary: 'ticket is done.', elapsedMs: 2_000, endedAt: at(3) },
    ]);
  });

  it('in part, when it was to have an output and has none', () => {
    const partly = StepCompleted({ ...place, outcome: 'PARTIAL', completedAt: at(3) });
    expect(ticketAfter(partly)?.attempts).toMatchObject([{ state: 'ENDED', outcome: 'PARTIAL', elapsedMs: 2_000 }]);
  });

  it('when its result is laid before people, who take their time; what they decide does not change it', () => {
    const step = ticketAfter(run.reviewed());
    expect(step?.state).toBe('WAITING');
    const ended = { state: 'ENDED', outcome: 'SUCCESS', summary: 'Opened OPS-7.', elapsedMs: 3_000, endedAt: at(4) };
    expect(step?.attempts).toMatchObject([ended]);
    expect(ticketAfter(run.reviewed(), run.completed('ticket', 90))).toMatchObject({
      ...{ state: 'COMPLETED', endedAt: at(90), attempts: [ended] },
    });
  });

  it('when its step fails, also where the flow goes on another way', () => {
    for (const then of ['FAIL', 'ROUTE'] as const) {
      const step = ticketAfter(failed('ticket', then));
      expect(step).toMatchObject({ state: 'FAILED', error });
      expect(step?.attempts).toMatchObject([{ state: 'ENDED', outcome: 'ERROR', error, elapsedMs: 4_000 }]);
    }
  });

  it('when it is to be tried again, and the next attempt is one of its own', () => {
    const again = StepRetryScheduled({
      ...{ ...place, attempt: 2, dueAt: at(15), reason: 'Attempt 1 failed; retry 1 of 3.', error, scheduledAt: at(5) },
    });
    const waiting = given(...called, again);
    expect(waiting.steps[0]).toMatchObject({
      state: 'PENDING',
      retryAt: at(15),
      attempts: [{ state: 'ENDED', error }],
    });
    expect(waitingOn(waiting)[0]).toMatchObject({ kind: 'RETRY', step: 'ticket', since: at(5), until: at(15) });
    const next = run.called('ticket', 'open-ticket', { attempt: 2, seconds: 15 });
    expect(ticketAfter(again, next)).toMatchObject({
      ...{
        state: 'RUNNING',
        attempts: [
          { number: 1, state: 'ENDED' },
          { number: 2, state: 'RUNNING' },
        ],
      },
    });
    expect(ticketAfter(again, next)).not.toHaveProperty('retryAt');
  });

  it('when it is blocked: whoever resumes the run has it called again', () => {
    const cause = { kind: 'ENVIRONMENT', message: 'No tracker is set up.', fix: 'Set TRACKER_URL.' } as const;
    const view = given(...called, StepBlocked({ ...place, cause, blockedAt: at(5) }));
    const { kind: code, message, fix } = cause;
    expect(view).toMatchObject({ status: 'BLOCKED', statusReason: message });
    expect(view.steps[0]?.attempts).toMatchObject([
      { state: 'ENDED', outcome: 'BLOCKED', error: { code, message, fix }, endedAt: at(5) },
    ]);
    expect(waitingOn(view)[0]).toMatchObject({ kind: 'BLOCKER', what: fix, since: at(5) });
  });

  it('when an admin moves the run past it, and when it is left out together with another', () => {
    const forced = [
      StepForceAdvanced({ runId: RUN, step: 'ticket', from: 'EXECUTING', by: BY, advancedAt: at(5) }),
      StepSkipped({ runId: RUN, step: 'ticket', cause: 'person', reason: 'Enough.', by: BY, skippedAt: at(5) }),
    ];
    expect(ticketAfter(...forced)).toMatchObject({ state: 'SKIPPED', attempts: [{ state: 'ENDED', ...notAwaited }] });
    const both = StepSkipped({
      ...{
        runId: RUN,
        step: 'note',
        others: ['ticket'],
        cause: 'not_taken',
        reason: 'Not taken.',
        by: BY,
        skippedAt: at(5),
      },
    });
    expect(ticketAfter(both)?.attempts).toMatchObject([{ state: 'ENDED', ...notAwaited, endedAt: at(5) }]);
  });

  it('when its run was cancelled and it has stopped', () => {
    const cancelled = [
      RunCancelRequested({ runId: RUN, mode: 'GRACEFUL', by: BY, requestedAt: at(4) }),
      StepCancelled({ runId: RUN, step: 'ticket', cancelledAt: at(5) }),
    ];
    expect(ticketAfter(...cancelled)).toMatchObject({
      state: 'CANCELLED',
      attempts: [{ state: 'ENDED', ...notAwaited }],
    });
    expect(stepOf('note', ...called, ...cancelled)).toMatchObject({
      state: 'RUNNING',
      attempts: [{ state: 'RUNNING' }],
    });
  });

  it.each([
    ['is cancelled', RunCancelled({ runId: RUN, by: BY, unconfirmed: ['ticket', 'note'], cancelledAt: at(6) })],
    ['fails', RunFailed({ runId: RUN, step: 'close', error, failedAt: at(6) })],
    ['is rejected', RunRejected({ runId: RUN, step: 'close', gateId: run.requestId, by: BY, rejectedAt: at(6) })],
  ])('with its run, whatever it does, when that %s', (_how, end) => {
    const view = given(...called, end);
    expect(view.steps.slice(0, 2)).toMatchObject([
      { state: 'CANCELLED', attempts: [{ state: 'ENDED', ...notAwaited, endedAt: at(6) }] },
      { state: 'CANCELLED', attempts: [{ state: 'ENDED', ...notAwaited, endedAt: at(6) }] },
    ]);
    expect(stepsConcerned(recorded(RUN, [end])).others).toBe('OPEN'); // what executes is open, and at hand
  });

  it('once: what comes later does not change how it ended', () => {
    const [, before] = [ticketAfter(), ticketAfter(run.completed('ticket'))];
    const after = ticketAfter(run.completed('ticket'), RunFailed({ runId: RUN, step: 'note', error, failedAt: at(8) }));
    expect(after).toEqual(before);
  });
});

describe('a run of functions that goes on after its end', () => {
  const ended = [
    ...called,
    run.completed('note'),
    failed(),
    RunFailed({ runId: RUN, step: 'ticket', error, failedAt: at(5) }),
  ];

  it('keeps how its attempts ended, and calls what is not done', () => {
    const view = given(...ended, reopened(), run.called('ticket', 'open-ticket', { attempt: 2, seconds: 9 }));
    expect(view.steps.map(({ state }) => state)).toEqual(['RUNNING', 'COMPLETED', 'PENDING']);
    expect(view.steps[0]?.attempts).toMatchObject([
      { state: 'ENDED', error },
      { state: 'RUNNING', startedAt: at(9) },
    ]);
  });

  it('goes on with the siblings that execute where it was about to end', () => {
    const view = given(...called, failed(), reopened({ scope: 'STEP', step: 'ticket' }));
    expect(view.steps[1]).toMatchObject({ state: 'RUNNING', attempts: [{ state: 'RUNNING' }] });
  });

  it('does a step as a new version wants it: what the former one called is history', () => {
    const steps = [asScript, ...announcement.steps.slice(1)];
    const view = given(...ended, reopened(inVersion2(steps)));
    expect(view.steps[0]).toMatchObject({ kind: 'COMMAND', attempts: [{ function: 'open-ticket', state: 'ENDED' }] });
    expect(view.steps[0]).not.toHaveProperty('function');
    const ready = StepReady({
      ...{ ...place, attempt: 2, profile: 'local', command: { run: 'make ticket' }, timeoutMs: 60_000, artifacts: [] },
      readyAt: at(9),
    });
    const again = given(...ended, reopened(inVersion2(steps)), ready);
    expect(again.steps[0]).toMatchObject({ state: 'PENDING', attempts: [{ state: 'ENDED' }, { state: 'READY' }] });
    expect(again.steps[0]?.attempts[1]).not.toHaveProperty('function');
    const done = given(...ended, reopened(inVersion2(steps)), ready, failed());
    expect(done.steps[0]?.attempts[1]).toMatchObject({ state: 'READY' }); // its sandbox says itself how it ends
  });

  it('ends a call that goes on while its step becomes a script', () => {
    const steps = announcement.steps.map(step => (step.key === 'note' ? { ...asScript, key: 'note' } : step));
    const view = given(...called, failed(), reopened(inVersion2(steps)), run.completed('note', 12));
    expect(view.steps[1]).toMatchObject({ kind: 'COMMAND', state: 'COMPLETED' });
    expect(view.steps[1]?.attempts).toMatchObject([{ state: 'ENDED', outcome: 'SUCCESS', elapsedMs: 11_000 }]);
  });

  it('says nothing of agents once its steps are functions', () => {
    const agent = { provider: 'anthropic' as const, model: 'sonnet', prompt: 'p', skill: 'tickets' };
    const { data } = run.started();
    const started = { ...run.started(), data: { ...data, steps: [{ ...bare, agent }] } };
    const [step] = given(started, failed(), reopened(inVersion2(announcement.steps.slice(0, 1)))).steps;
    expect(step).toMatchObject({ kind: 'FUNCTION', function: 'open-ticket' });
    for (const field of ['provider', 'model', 'skill']) expect(step).not.toHaveProperty(field);
  });
});

describe('a run again from a step', () => {
  it('has the results of functions that were called in another run, without an attempt of its own', () => {
    const from = { runId: 'run_0198-e', attempt: 2 };
    const inherited = [
      {
        step: 'ticket',
        state: 'COMPLETED' as const,
        outcome: 'SUCCESS' as const,
        summary: 'Opened OPS-7.',
        output: 7,
        from,
      },
    ];
    const view = given(run.started({ inherited }), run.called('note', 'post-note'), run.ended());
    expect(view.steps[0]).toMatchObject({
      ...{ kind: 'FUNCTION', function: 'open-ticket', state: 'COMPLETED', summary: 'Opened OPS-7.', output: 7 },
      ...{ inherited: from, attempts: [] },
    });
  });
});
