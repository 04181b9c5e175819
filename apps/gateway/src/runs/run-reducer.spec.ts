import {
  StepCancelled,
  RunCancelRequested,
  RunCancelled,
  RunFailed,
  StepBlocked,
  StepHeardAgain,
  StepFailed,
  StepSkipped,
} from '@runledger/contracts';
import { canonicalJson, type DomainEvent } from '@runledger/kernel';
import { foldRun } from './run-reducer.js';
import { at, BY, story, upToTheGate } from './run-story.fixture.js';
import { recorded, viewAfter } from './run-view.fixture.js';
import type { RunView } from './run-view.js';
import { waitingOn } from './waiting.js';

const RUN = 'run_0198-a';
const run = story(RUN);

const given = (...events: readonly DomainEvent[]): RunView => viewAfter(RUN, events);

const stateOf = (view: RunView, key: string) => view.steps.find(step => step.key === key);

describe('the view of a run', () => {
  it('shows steps of the same depth as one wave', () => {
    expect(given(run.started()).steps.map(({ key, number, wave }) => [key, number, wave])).toEqual([
      ['build', 1, 1],
      ['lint', 2, 1],
      ['deploy', 3, 2],
    ]);
  });

  it('is pending until a step is ready, then running', () => {
    expect(given(run.started()).status).toBe('PENDING');
    expect(given(run.started(), run.ready('build')).status).toBe('RUNNING');
  });

  it('is paused while a gate waits although nothing else runs, and says what for', () => {
    const view = given(...upToTheGate(RUN));
    expect(view).toMatchObject({ status: 'PAUSED', statusReason: 'Ship it?' });
    expect(stateOf(view, 'deploy')).toMatchObject({ state: 'WAITING', gate: { asked: true } });
  });

  it('shows the most demanding state of parallel steps: blocked before paused before running', () => {
    const blocked = StepBlocked({
      runId: RUN,
      step: 'lint',
      attempt: 1,
      cause: { kind: 'CREDENTIAL', message: 'No access to the repository.', fix: 'Connect it.' },
      blockedAt: at(5),
    });
    const running = [run.started(), run.ready('build'), run.begun('build')];
    expect(given(...running).status).toBe('RUNNING');
    expect(given(...running, run.gate()).status).toBe('PAUSED');
    expect(given(...running, run.gate(), blocked)).toMatchObject({
      status: 'BLOCKED',
      statusReason: 'No access to the repository.',
    });
  });

  it('is blocked while nothing is heard of a step, names since when, and goes on once something is', () => {
    const cause = { kind: 'SILENT', message: 'Nothing was heard of Build.', fix: 'Wait.' } as const;
    const place = { runId: RUN, step: 'build', attempt: 1 };
    const silent = StepBlocked({ ...place, cause, blockedAt: at(5) });
    const running = [run.started(), run.ready('build'), run.begun('build')];
    const view = given(...running, silent);
    expect(view).toMatchObject({ status: 'BLOCKED', statusReason: cause.message });
    expect(stateOf(view, 'build')?.endedAt).toBeUndefined();
    expect(view && waitingOn(view)).toContainEqual(
      expect.objectContaining({ kind: 'BLOCKER', what: 'Wait.', since: at(5) }),
    );
    const after = given(...running, silent, StepHeardAgain({ ...place, heardAt: at(6) }));
    expect(after?.status).toBe('RUNNING');
    expect(stateOf(after, 'build')).toEqual(stateOf(given(...running), 'build'));
  });

  it('goes on when the gate is passed, and forgets why it had paused', () => {
    const view = given(...upToTheGate(RUN), run.decided(), run.resolved());
    expect(view.status).toBe('RUNNING');
    expect(view.statusReason).toBeUndefined();
    expect(stateOf(view, 'deploy')?.gate).toMatchObject({ decision: 'APPROVE', decidedBy: BY });
  });

  it('keeps every attempt; what an earlier one said no longer stands for the step', () => {
    const failed = StepFailed({
      runId: RUN,
      step: 'build',
      attempt: 1,
      outcome: 'ERROR',
      error: { code: 'COMMAND_FAILED', message: 'exit 1' },
      failedAt: at(5),
    });
    const view = given(run.started(), run.ready('build'), run.begun('build'), failed, run.ready('build', 2, 9));
    const build = stateOf(view, 'build');
    expect(build?.attempts.map(attempt => attempt.state)).toEqual(['RUNNING', 'READY']);
    expect(build).toMatchObject({ state: 'PENDING' });
    expect(build).not.toHaveProperty('error');
  });

  it('counts the turns of a running attempt, and takes the final count when it ends', () => {
    const begun = [run.started(), run.ready('build'), run.begun('build'), run.turn('build', 1)];
    expect(stateOf(given(...begun), 'build')?.attempts[0]?.turns).toBe(1);
    expect(stateOf(given(...begun, run.finished('build')), 'build')?.attempts[0]).toMatchObject({
      turns: 2,
      elapsedMs: 4_000,
      state: 'ENDED',
    });
  });

  it('ends in the state that its last fact names', () => {
    const cancelled = [
      RunCancelRequested({ runId: RUN, mode: 'GRACEFUL', by: BY, requestedAt: at(3) }),
      StepCancelled({ runId: RUN, step: 'build', cancelledAt: at(4) }),
      RunCancelled({ runId: RUN, by: BY, cancelledAt: at(5) }),
    ];
    const error = { code: 'COMMAND_FAILED', message: 'exit 1' };
    expect(given(run.started(), ...cancelled)).toMatchObject({
      status: 'CANCELLED',
      statusReason: 'Cancelled by Ada.',
    });
    expect(given(run.started(), RunFailed({ runId: RUN, step: 'build', error, failedAt: at(5) }))).toMatchObject({
      status: 'FAILED',
      statusReason: 'exit 1',
      endedAt: at(5),
    });
    const skipped = StepSkipped({
      runId: RUN,
      step: 'lint',
      cause: 'person',
      reason: 'Not today.',
      by: BY,
      skippedAt: at(4),
    });
    expect(stateOf(given(run.started(), skipped, run.ended()), 'lint')).toMatchObject({ state: 'SKIPPED' });
  });

  it('leaves no step open when it has ended', () => {
    const by = BY;
    const view = given(run.started(), run.ready('build'), RunCancelled({ runId: RUN, by, cancelledAt: at(9) }));
    expect(view.steps.map(({ state, endedAt }) => [state, endedAt])).toEqual([
      ['CANCELLED', at(9)],
      ['CANCELLED', at(9)],
      ['CANCELLED', at(9)],
    ]);
  });

  it('does not change when facts come twice', () => {
    const events = recorded(RUN, [...upToTheGate(RUN), run.decided(), run.resolved(), run.ended()]);
    const once = events.reduce<RunView | undefined>(foldRun, undefined);
    const twice = [...events, ...events].reduce<RunView | undefined>(foldRun, undefined);
    const each = events.flatMap(event => [event, event]).reduce<RunView | undefined>(foldRun, undefined);
    expect(canonicalJson(twice)).toBe(canonicalJson(once));
    expect(canonicalJson(each)).toBe(canonicalJson(once));
  });

  it('does not exist for a start that was declined', () => {
    const [event] = recorded(RUN, [{ type: 'RunDeclined', data: {} }]);
    expect(event && foldRun(undefined, event)).toBeUndefined();
  });
});

describe('what a run waits for (R4)', () => {
  it('is named at every moment until it has ended', () => {
    const events = [
      ...upToTheGate(RUN),
      run.decided(),
      run.resolved(),
      run.ready('deploy', 1, 11),
      run.begun('deploy'),
    ];
    for (let count = 1; count <= events.length; count += 1) {
      expect(waitingOn(given(...events.slice(0, count)))).not.toEqual([]);
    }
    expect(waitingOn(given(...events, run.ended()))).toEqual([]);
  });

  it('is a decision by those with flows.run while a gate waits', () => {
    expect(waitingOn(given(...upToTheGate(RUN)))).toEqual([
      {
        kind: 'DECISION',
        what: 'Ship it?',
        step: 'deploy',
        since: at(8),
        mayAct: 'flows.run',
        requestId: run.requestId,
      },
    ]);
  });

  it('is an executing step until its time is up', () => {
    const [waiting] = waitingOn(given(run.started(), run.ready('build'), run.begun('build')));
    expect(waiting).toEqual({ kind: 'STEP', what: 'Build executes.', step: 'build', since: at(2), until: at(62) });
  });
});
