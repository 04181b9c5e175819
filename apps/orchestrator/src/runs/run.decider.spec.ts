import {
  gateAsking,
  RunCancelled,
  RunCancelRequested,
  RunCompleted,
  RunDeclined,
  RunFailed,
  RunRejected,
  StepReady,
  StepSkipped,
} from '@runledger/contracts';
import { specify } from '@runledger/testing';
import { ORCHESTRATOR } from './orchestrator-actor.js';
import { run } from './run.decider.js';
import { evolveRun } from './run-evolve.js';
import * as the from './run.fixture.js';
import { ada, at, runId, step } from './run.fixture.js';

const given = specify(run);
const gated = (key: string, needs: string[] = []) => step(key, needs, { gates: { before: gateAsking(`May ${key}?`) } });
const chain = [step('plan'), step('build', ['plan'])];
const fork = [step('plan'), step('left', ['plan']), step('right', ['plan']), step('join', ['left', 'right'])];
const runCompleted = RunCompleted({ runId, completedAt: at });
const runFailed = (key: string) => RunFailed({ runId, step: key, error: the.crash, failedAt: at });
const runCancelled = RunCancelled({ runId, by: ada, cancelledAt: at });
const asked = (mode: 'GRACEFUL' | 'FORCE' = 'GRACEFUL') =>
  RunCancelRequested({ runId, mode, by: ada, requestedAt: at });
/** While something executes: until when it must have stopped. */
const stopping = (mode: 'GRACEFUL' | 'FORCE' = 'GRACEFUL') =>
  RunCancelRequested({ ...asked(mode).data, stopBy: `2026-03-01T10:0${mode === 'FORCE' ? '0:30' : '2:00'}.000Z` });
const declined = RunDeclined({
  runId,
  flow: 'demo',
  code: 'FLOW_NOT_FOUND',
  message: 'There is no flow demo.',
  details: [],
  requestedBy: ada,
  trigger: { kind: 'manual' },
  declinedAt: at,
});

describe('starting a run', () => {
  it('makes every step ready that needs nothing', () => {
    given()
      .when(the.start([step('a'), step('b'), step('c', ['b'])]))
      .thenEmits(the.started([step('a'), step('b'), step('c', ['b'])]), the.ready('a'), the.ready('b'));
  });

  it('tells the sandbox what the output of a step must look like', () => {
    const output = { schema: { type: 'object' }, passes: 1 };
    const steps = [step('a', [], { output })];
    const ready = StepReady({ ...the.ready('a').data, output });
    given().when(the.start(steps)).thenEmits(the.started(steps), ready);
  });

  it('is the same run when the same request comes again', () => {
    given(the.started(chain), the.ready('plan')).when(the.start(chain)).thenNothing();
  });

  it('is refused when the key has started something else', () => {
    given(the.started(chain), the.ready('plan'))
      .when(the.start(chain, { requestHash: 'beef' }))
      .thenRejects('IDEMPOTENCY_KEY_REUSED');
  });

  it('is refused where a decline was written down', () => {
    given(declined).when(the.start(chain)).thenRejects('IDEMPOTENCY_KEY_REUSED');
  });

  it('writes a decline down once', () => {
    given().when({ type: 'DeclineRun', data: declined.data }).thenEmits(declined);
    given(declined).when({ type: 'DeclineRun', data: declined.data }).thenNothing();
  });
});

describe('an attempt that succeeded', () => {
  it('completes its step and makes what waited for it ready, in one append', () => {
    given(the.started(fork), the.ready('plan'))
      .when(the.ended('plan', { summary: 'A plan.' }))
      .thenEmits(
        the.completed('plan', { summary: 'A plan.' }),
        the.ready('left', { STEP_PLAN_SUMMARY: 'A plan.' }),
        the.ready('right', { STEP_PLAN_SUMMARY: 'A plan.' }),
      );
  });

  it('leaves a step waiting that needs another one as well', () => {
    given(the.started(fork), the.ready('plan'), the.completed('plan'), the.ready('left'), the.ready('right'))
      .when(the.ended('left'))
      .thenEmits(the.completed('left'));
  });

  it('completes the run with the last step', () => {
    given(the.started(chain), the.ready('plan'), the.completed('plan'), the.ready('build'))
      .when(the.ended('build'))
      .thenEmits(the.completed('build'), runCompleted);
  });

  it('counts once, however often it is told', () => {
    given(the.started(chain), the.ready('plan'), the.completed('plan'), the.ready('build'))
      .when(the.ended('plan'))
      .thenNothing();
  });

  it('is ignored when it is not the attempt in progress, not in the flow, or its run is over', () => {
    given(the.started(chain), the.ready('plan'))
      .when(the.ended('plan', { attempt: 2 }))
      .thenNothing();
    given(the.started(chain), the.ready('plan')).when(the.ended('nowhere')).thenNothing();
    given(the.started([step('a')]), the.ready('a'), the.completed('a'), runCompleted)
      .when(the.ended('a'))
      .thenNothing();
    given().when(the.ended('a')).thenNothing();
  });

  it('fails its step when its output is too large to be handed on', () => {
    const decision = run.decide(
      the.ended('a', { output: 'x'.repeat(200_001) }),
      replay(the.started([step('a')]), the.ready('a')),
    );
    expect(decision).toMatchObject([
      {
        type: 'StepFailed',
        data: {
          ...{ step: 'a', attempt: 1, outcome: 'ERROR', failedAt: at },
          error: {
            code: 'OUTPUT_TOO_LARGE',
            message: expect.stringContaining('200003 bytes'),
            fix: expect.any(String),
          },
        },
      },
      { type: 'RunFailed' },
    ]);
  });
});

describe('an attempt that failed', () => {
  it('fails its step and the run, and cancels what has not begun', () => {
    given(the.started(chain), the.ready('plan'))
      .when(the.ended('plan', { outcome: 'ERROR', error: the.crash }))
      .thenEmits(the.failed('plan'), the.cancelled('build'), runFailed('plan'));
  });

  it('lets siblings finish: the run has failed once nothing executes', () => {
    const history = [
      the.started(fork),
      the.ready('plan'),
      the.completed('plan'),
      the.ready('left'),
      the.ready('right'),
    ];
    given(...history)
      .when(the.ended('left', { outcome: 'ERROR', error: the.crash }))
      .thenEmits(the.failed('left'), the.cancelled('join'));
    given(...history, the.failed('left'), the.cancelled('join'))
      .when(the.ended('right'))
      .thenEmits(the.completed('right'), runFailed('left'));
  });

  it('leaves its step out, for the reason that it gave, where its flow can do without', () => {
    const flow = [step('plan', [], { onFailure: { then: 'SKIP' } }), step('build', ['plan'])];
    const { type, data } = the.failed('plan');
    const { message: reason } = the.crash;
    given(the.started(flow), the.ready('plan'))
      .when(the.ended('plan', { outcome: 'ERROR', error: the.crash }))
      .thenEmits(
        { type, data: { ...data, then: 'SKIP' } },
        StepSkipped({ runId, step: 'plan', cause: 'on_failure', reason, by: ORCHESTRATOR, skippedAt: at }),
        the.ready('build', { STEP_PLAN_SUMMARY: '' }),
      );
  });

  it('is told with a reason even when the sandbox gave none', () => {
    expect(
      run.decide(the.ended('a', { outcome: 'ERROR' }), replay(the.started([step('a')]), the.ready('a'))),
    ).toMatchObject([
      { type: 'StepFailed', data: { error: { code: 'ATTEMPT_FAILED' } } },
      { type: 'RunFailed', data: { step: 'a' } },
    ]);
  });
});

describe('a gate before a step', () => {
  const flow = [step('plan'), gated('ship', ['plan'])];
  const shown = [{ step: 'plan', name: 'Do plan', outcome: 'SUCCESS' as const, summary: 'A plan.' }];
  const atGate = [
    the.started(flow),
    the.ready('plan'),
    the.completed('plan', { summary: 'A plan.' }),
    the.gate('ship', 'May ship?', shown),
  ] as const;

  it('is reached with the summaries of what the step needs', () => {
    given(...atGate.slice(0, 2))
      .when(the.ended('plan', { summary: 'A plan.' }))
      .thenEmits(the.completed('plan', { summary: 'A plan.' }), the.gate('ship', 'May ship?', shown));
  });

  it('lets the step start when people approve', () => {
    given(...atGate)
      .when(the.decide('ship', 'APPROVE'))
      .thenEmits(the.resolved('ship', 'APPROVE'), the.ready('ship', { STEP_PLAN_SUMMARY: 'A plan.' }));
  });

  it('ends the run when people reject', () => {
    given(...atGate)
      .when(the.decide('ship', 'REJECT'))
      .thenEmits(
        the.resolved('ship', 'REJECT'),
        the.cancelled('ship'),
        RunRejected({ runId, step: 'ship', gateId: the.gateIdOf('ship'), by: ada, rejectedAt: at }),
      );
  });

  it('leaves the step out when people skip it; the last step skipped completes the run', () => {
    given(...atGate)
      .when(the.decide('ship', 'SKIP'))
      .thenEmits(the.resolved('ship', 'SKIP'), the.skipped('ship'), runCompleted);
  });

  it('lets a sibling that executes finish before the run is rejected', () => {
    const parallel = [gated('ask'), step('work')];
    const history = [the.started(parallel), the.gate('ask', 'May ask?'), the.ready('work')];
    given(...history)
      .when(the.decide('ask', 'REJECT'))
      .thenEmits(the.resolved('ask', 'REJECT'), the.cancelled('ask'));
    given(...history, the.resolved('ask', 'REJECT'), the.cancelled('ask'))
      .when(the.ended('work'))
      .thenEmits(
        the.completed('work'),
        RunRejected({ runId, step: 'ask', gateId: the.gateIdOf('ask'), by: ada, rejectedAt: at }),
      );
  });

  it('takes one decision only, for this very gate, while its run goes on', () => {
    given(...atGate, the.resolved('ship', 'APPROVE'), the.ready('ship'))
      .when(the.decide('ship', 'REJECT'))
      .thenRejects('GATE_NOT_OPEN');
    given(...atGate)
      .when(the.decide('ship', 'APPROVE', 'apr_other.ship.before.1'))
      .thenRejects('GATE_NOT_OPEN');
    given(...atGate, asked(), the.cancelled('ship'), runCancelled)
      .when(the.decide('ship', 'APPROVE'))
      .thenRejects('GATE_NOT_OPEN');
    given().when(the.decide('ship', 'APPROVE')).thenRejects('RUN_NOT_FOUND');
  });

  it('stands before each step when the run asks for it, and before none when it does not want any', () => {
    const modes = (checkpointMode: 'EVERY_STEP' | 'NONE') => ({
      choices: { profile: 'plain', execution: 'INTERACTIVE', checkpointMode } as const,
    });
    given()
      .when(the.start([step('a'), gated('b')], modes('EVERY_STEP')))
      .thenEmits(
        the.started([step('a'), gated('b')], modes('EVERY_STEP')),
        the.gate('a', 'Start “Do a”?', [], 'every_step'),
        the.gate('b', 'May b?'),
      );
    given()
      .when(the.start([gated('b')], modes('NONE')))
      .thenEmits(the.started([gated('b')], modes('NONE')), the.ready('b'));
  });
});

describe('cancelling a run', () => {
  it('cancels at once what does not execute', () => {
    given(the.started([gated('ask')]), the.gate('ask', 'May ask?'))
      .when(the.cancel())
      .thenEmits(asked(), the.cancelled('ask'), runCancelled);
  });

  it('waits for what executes, and cancels the run with the last attempt that was stopped', () => {
    const history = [the.started(chain), the.ready('plan')];
    given(...history)
      .when(the.cancel())
      .thenEmits(stopping(), the.cancelled('build'));
    given(...history, asked(), the.cancelled('build'))
      .when(the.ended('plan', { outcome: 'ERROR', cancelled: true }))
      .thenEmits(the.cancelled('plan'), runCancelled);
  });

  it('keeps the result of an attempt that ended by itself in the meantime', () => {
    given(the.started([step('a')]), the.ready('a'), asked())
      .when(the.ended('a'))
      .thenEmits(the.completed('a'), runCancelled);
  });

  it('is the last word, also over a failure that waits for its siblings', () => {
    given(the.started([step('a'), step('b')]), the.ready('a'), the.ready('b'), the.failed('a'), asked())
      .when(the.ended('b', { outcome: 'ERROR', cancelled: true }))
      .thenEmits(the.cancelled('b'), runCancelled);
  });

  it('can be sharpened to force, and changes nothing when repeated', () => {
    const history = [the.started([step('a')]), the.ready('a'), asked()];
    given(...history)
      .when(the.cancel())
      .thenNothing();
    given(...history)
      .when(the.cancel('FORCE'))
      .thenEmits(stopping('FORCE'));
    given(...history, asked('FORCE'))
      .when(the.cancel('GRACEFUL'))
      .thenNothing();
  });

  it('is refused for a run that does not exist, was declined or is over', () => {
    given().when(the.cancel()).thenRejects('RUN_NOT_FOUND');
    given(declined).when(the.cancel()).thenRejects('RUN_NOT_FOUND');
    given(the.started([step('a')]), the.ready('a'), the.completed('a'), runCompleted)
      .when(the.cancel())
      .thenRejects('RUN_ENDED');
  });
});

describe('a flow too wide for one append', () => {
  const wide = Array.from({ length: 450 }, (_, index) => step(`s${index}`));

  it('starts what fits, and the others as those end', () => {
    let state = run.initialState();
    const first = decided(the.start(wide), state);
    expect(first.filter(({ type }) => type === 'StepReady')).toHaveLength(200);
    state = first.reduce(evolveRun, state);
    const second = decided(the.ended('s0'), state);
    expect(second.filter(({ type }) => type === 'StepReady')).toHaveLength(200);
    state = second.reduce(evolveRun, state);
    expect(decided(the.ended('s1'), state).filter(({ type }) => type === 'StepReady')).toHaveLength(50);
  });
});

function decided(command: Parameters<typeof run.decide>[0], state: ReturnType<typeof run.initialState>) {
  const decision = run.decide(command, state);
  if ('rejected' in decision) throw new Error(decision.message);
  return decision;
}

function replay(...events: Parameters<typeof run.evolve>[1][]) {
  return events.reduce(evolveRun, run.initialState());
}
