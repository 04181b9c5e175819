import { RunPaused } from '@runledger/contracts';
import { at, BY, story } from './run-story.fixture.js';
import { viewAfter } from './run-view.fixture.js';
import { waitingOn } from './waiting.js';

const RUN = 'run_0198-w';
const run = story(RUN);
const orchestrator = { kind: 'service', id: 'orchestrator' } as const;
type Paused = Omit<ReturnType<typeof RunPaused>['data'], 'runId' | 'pausedAt'>;

const waitsWhile = (paused: Paused) =>
  waitingOn(viewAfter(RUN, [run.started(), RunPaused({ runId: RUN, pausedAt: at(3), ...paused })]));

describe('what a paused run waits for (R4)', () => {
  it('is whoever resumes what a person has paused', () => {
    expect(waitsWhile({ cause: 'OPERATOR', by: BY, reason: 'Lunch.' })).toMatchObject([
      { kind: 'OPERATOR', what: expect.stringMatching(/^Someone resumes the run, which .+ has paused: Lunch\.$/) },
    ]);
  });

  it('is whoever deals with the step that has failed, and it names the step', () => {
    expect(waitsWhile({ cause: 'STEP_FAILED', step: 'build', by: orchestrator, reason: 'Exit code 3.' })).toMatchObject(
      [
        {
          kind: 'OPERATOR',
          step: 'build',
          what: 'Step build has failed: Exit code 3. Someone retries it, skips it, or resumes the run.',
          since: at(3),
          mayAct: 'flows.run',
        },
      ],
    );
  });

  it('is no agent, which rests until it goes on, but a command, which executes to its end', () => {
    const begun = ['build', 'lint'].flatMap(key => [run.ready(key), run.begun(key)]);
    const paused = RunPaused({ runId: RUN, pausedAt: at(3), cause: 'OPERATOR', by: BY });
    const [, ...steps] = waitingOn(viewAfter(RUN, [run.started(), ...begun, paused]));
    expect(steps).toEqual([
      {
        kind: 'STEP',
        what: 'The agent of Build rests, once its current tool call has ended, until the run goes on.',
        step: 'build',
        since: at(3),
      },
      { kind: 'STEP', what: 'Lint executes.', step: 'lint', since: at(2), until: at(62) },
    ]);
  });

  it('is its turn, or room in a budget', () => {
    expect(waitsWhile({ cause: 'QUEUE', by: orchestrator })).toMatchObject([{ kind: 'PLATFORM' }]);
    expect(waitsWhile({ cause: 'BUDGET', step: 'build', by: orchestrator, reason: 'Spent.' })).toMatchObject([
      { kind: 'BUDGET', step: 'build', mayAct: 'billing.manage' },
    ]);
  });
});
