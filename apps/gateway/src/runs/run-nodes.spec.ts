import { AttemptEnded, StepBlocked, StepCompleted } from '@runledger/contracts';
import { runNode, stepNode } from './run-nodes.js';
import { at, story } from './run-story.fixture.js';
import { viewAfter } from './run-view.fixture.js';

const RUN = 'run_0198-n';
const run = story(RUN);

describe('the card of a step that did part of its work', () => {
  it('says what it lacks', () => {
    const error = { code: 'max_turns', message: 'The agent was not done after 3 turns.', fix: 'Raise maxTurns.' };
    const finished = run.finished('build');
    const view = viewAfter(RUN, [
      run.started(),
      run.ready('build'),
      run.begun('build'),
      AttemptEnded({ ...finished.data, outcome: 'PARTIAL', error }),
      StepCompleted({ runId: RUN, step: 'build', attempt: 1, outcome: 'PARTIAL', completedAt: at(7) }),
    ]);
    const build = view.steps.find(({ key }) => key === 'build')!;
    expect(stepNode(runNode(view, 1), build, at(9))).toMatchObject({ state: 'COMPLETED', outcome: 'PARTIAL', error });
  });

  it('says nothing of an earlier attempt when the last one did all of it', () => {
    const error = { code: 'COMMAND_FAILED', message: 'Exit code 1.' };
    const view = viewAfter(RUN, [
      run.started(),
      run.ready('build'),
      run.begun('build'),
      AttemptEnded({ ...run.finished('build').data, outcome: 'ERROR', error }),
      run.ready('build', 2),
      run.begun('build', 2),
      run.finished('build', 2),
      run.completed('build'),
    ]);
    const build = view.steps.find(({ key }) => key === 'build')!;
    expect(stepNode(runNode(view, 1), build, at(9))).toMatchObject({ outcome: 'SUCCESS', error: null });
  });
});

describe('the card of a step that is blocked', () => {
  const cause = { kind: 'ENVIRONMENT', message: 'No tracker is set up.', fix: 'Set TRACKER_URL.' } as const;
  const blocked = [
    run.started(),
    run.ready('build'),
    run.begun('build'),
    StepBlocked({ runId: RUN, step: 'build', attempt: 1, cause, blockedAt: at(5) }),
  ];
  const errorAfter = (...events: Parameters<typeof viewAfter>[1]) => {
    const view = viewAfter(RUN, events);
    return stepNode(runNode(view, 1), view.steps[0]!, at(9)).error;
  };

  it('says what by and what puts it right, until it is tried again', () => {
    expect(errorAfter(...blocked)).toEqual({ code: cause.kind, message: cause.message, fix: cause.fix });
    expect(errorAfter(...blocked, run.ready('build', 2))).toBeNull();
  });
});
