import { RunCancelled, RunCancelRequested, RunDiscarded, RunFailed, RunPaused } from '@runledger/contracts';
import { RunReopened, RunResumed, StepFailed } from '@runledger/contracts';
import { StepBlocked, StepInterrupted, StepReady, StepRetryScheduled, StepSkipped } from '@runledger/contracts';
import type { RunEvent, StepDefinition } from '@runledger/contracts';
import { specify } from '@runledger/testing';
import { ORCHESTRATOR } from './orchestrator-actor.js';
import type { RunCommand } from './run-commands.js';
import { evolveRun } from './run-evolve.js';
import { run } from './run.decider.js';
import * as the from './run.fixture.js';
import { ada, at, runId, step } from './run.fixture.js';

const given = specify(run);
const asked = { by: ada, at };
type Retry = Extract<RunCommand, { type: 'RetryRun' }>['data'];
const retryRun = (more: Partial<Retry> = {}): RunCommand => ({
  type: 'RetryRun',
  data: { ...asked, from: 'FAILED_STEP', ...more },
});
const onStep = (type: 'RetryStep' | 'SkipStep' | 'ForceAdvance', key: string) => ({
  type,
  data: { ...asked, step: key },
});
const readyAgain = (key: string, attempt = 2) => StepReady({ ...the.ready(key).data, attempt, askedBy: ada });
const resumed = (...retried: string[]) => RunResumed({ runId, retried, by: ada, resumedAt: at });
const runFailed = (key: string) => RunFailed({ runId, step: key, error: the.crash, failedAt: at });
const pausedBy = (cause: 'OPERATOR' | 'STEP_FAILED', key?: string) =>
  RunPaused({ runId, cause, by: cause === 'OPERATOR' ? ada : ORCHESTRATOR, ...(key && { step: key }), pausedAt: at });
const lost = (key: string) => StepInterrupted({ runId, step: key, attempt: 1, reason: 'It died.', interruptedAt: at });
const silent = (key: string) =>
  StepBlocked({
    ...{ runId, step: key, attempt: 1, blockedAt: at },
    cause: { kind: 'SILENT', message: 'Nothing was heard of it.', fix: 'Retry it.' },
  });
const reopened = (more: Partial<ReturnType<typeof RunReopened>['data']> = {}) =>
  RunReopened({ runId, verb: 'RETRY', from: 'FAILED', scope: 'REMAINING', by: ada, reopenedAt: at, ...more });
const [left, right] = [step('left'), step('right')];
const pausing = (key: string): StepDefinition => step(key, [], { onFailure: { then: 'PAUSE' } });

describe('a run that paused because a step failed', () => {
  const paused: RunEvent[] = [
    ...[the.started([pausing('left'), right]), the.ready('left'), the.ready('right')],
    ...[StepFailed({ ...the.failed('left').data, then: 'PAUSE' }), pausedBy('STEP_FAILED', 'left')],
  ];

  it('goes on with a new attempt of that step, whether the run is retried or the step', () => {
    for (const command of [retryRun(), onStep('RetryStep', 'left')]) {
      given(...paused)
        .when(command)
        .thenEmits(resumed('left'), readyAgain('left'));
    }
  });

  it('does so at its failure, and waits with what needs that step', () => {
    const error = the.crash;
    const pause = RunPaused({ ...pausedBy('STEP_FAILED', 'left').data, reason: error.message });
    const after = step('after', ['left']);
    for (const beside of [[right], []]) {
      given(
        the.started([pausing('left'), ...beside, after]),
        the.ready('left'),
        ...beside.map(({ key }) => the.ready(key)),
      )
        .when(the.ended('left', { outcome: 'ERROR', error }))
        .thenEmits(StepFailed({ ...the.failed('left').data, then: 'PAUSE' }), pause);
    }
    given(the.started([pausing('left'), right, step('later', ['right'])]), ...paused.slice(1))
      .when(the.ended('right'))
      .thenEmits(the.completed('right'));
  });

  it('is paused once, whichever of its steps fail', () => {
    const flow = [pausing('left'), pausing('right')];
    const history = [the.started(flow), the.ready('left'), the.ready('right'), ...paused.slice(3)];
    given(...history)
      .when(the.ended('right', { outcome: 'ERROR', error: the.crash }))
      .thenEmits(StepFailed({ ...the.failed('right').data, then: 'PAUSE' }));
  });

  it('is not paused where it is going to end anyway', () => {
    given(the.started([pausing('left'), right]), the.ready('left'), the.ready('right'), the.failed('right'))
      .when(the.ended('left', { outcome: 'ERROR', error: the.crash }))
      .thenEmits(StepFailed({ ...the.failed('left').data, then: 'PAUSE' }), runFailed('right'));
  });

  it('goes on with a new attempt of that step when it is resumed, with the rights of whoever does', () => {
    given(...paused)
      .when({ type: 'ResumeRun', data: asked })
      .thenEmits(resumed('left'), readyAgain('left'));
  });

  it('cannot be retried with something else than it was started with: it has not ended', () => {
    const flow = { version: 2, hash: 'beef', steps: [left] };
    for (const more of [{ from: 'BEGINNING' }, { parameters: { ref: 'main' } }, { flow }] as const) {
      given(...paused)
        .when(retryRun(more))
        .thenRejects('NOT_POSSIBLE');
    }
  });

  it('goes on without the step when that is skipped, and no attempt of it is asked for', () => {
    const skipped = { runId, step: 'left', cause: 'person', reason: 'Skipped.', by: ada, skippedAt: at } as const;
    given(...paused)
      .when(onStep('SkipStep', 'left'))
      .thenEmits(resumed(), { type: 'StepSkipped', data: skipped });
  });

  it('stays paused while another step is dealt with', () => {
    given(...paused, lost('right'))
      .when(onStep('RetryStep', 'right'))
      .thenRejects('NOT_POSSIBLE');
  });
});

describe('a run that has lost a worker', () => {
  it('gets a new attempt of that step, whether the run is retried or the step', () => {
    for (const command of [retryRun(), onStep('RetryStep', 'left')]) {
      given(the.started([left, right]), the.ready('left'), the.ready('right'), lost('left'))
        .when(command)
        .thenEmits(readyAgain('left'));
    }
  });
});

describe('a run that somebody paused', () => {
  const history = [the.started([left, right]), the.ready('left'), the.ready('right'), lost('left')];

  it('is not retried, and neither are its steps: a new attempt would be stopped at once', () => {
    given(...history, pausedBy('OPERATOR'))
      .when(retryRun())
      .thenRejects('NOT_POSSIBLE');
    given(...history, pausedBy('OPERATOR'))
      .when(onStep('RetryStep', 'left'))
      .thenRejects('NOT_POSSIBLE');
  });
});

describe('retrying a run that has failed', () => {
  const history = [the.started([left]), the.ready('left'), the.failed('left'), runFailed('left')];

  it('may be with other parameters, which are written down', () => {
    given(...history)
      .when(retryRun({ parameters: { ref: 'main' } }))
      .thenEmits(
        reopened({ parameters: { ref: 'main' } }),
        StepReady({ ...the.ready('left', { PARAM_REF: 'main' }).data, attempt: 2, askedBy: ada }),
      );
  });

  it('is not from the beginning while anything of it still executes, but from what failed', () => {
    const closing = [the.started([left, right]), the.ready('left'), the.ready('right'), the.failed('left')];
    given(...closing)
      .when(retryRun({ from: 'BEGINNING' }))
      .thenRejects('NOT_POSSIBLE');
    given(...closing)
      .when(retryRun())
      .thenEmits(reopened(), readyAgain('left'));
  });

  it('is over when it was put away', () => {
    const discarded = RunDiscarded({ runId, by: ada, discardedAt: at });
    given(...history, discarded)
      .when(retryRun())
      .thenRejects('NOT_POSSIBLE');
    given(...history, discarded)
      .when(onStep('RetryStep', 'left'))
      .thenRejects('NOT_POSSIBLE');
  });

  it('needs a run', () => {
    given().when(retryRun()).thenRejects('RUN_NOT_FOUND');
    given().when(onStep('RetryStep', 'left')).thenRejects('RUN_NOT_FOUND');
  });
});

describe('a run that is retried with the latest version of its flow', () => {
  const [plan, build] = [step('plan'), step('build', ['plan'])];
  const history = [
    the.started([plan, build], { parameters: { ref: 'v1' } }),
    ...[the.ready('plan'), the.completed('plan'), the.ready('build'), the.failed('build'), runFailed('build')],
  ];
  const steps = [plan, step('test', ['plan']), step('build', ['test'], { command: { run: 'make' } })];
  const flow = { version: 2, hash: 'beef', steps };
  const env = { PARAM_REF: 'v1', STEP_PLAN_SUMMARY: '' };
  const testing = StepReady({ ...the.ready('test', env).data, askedBy: ada });

  it('keeps what is done and its parameters, and does what is new and what is changed as that version says', () => {
    given(...history)
      .when(retryRun({ flow }))
      .thenEmits(reopened({ flow }), testing);
    const build2 = the.ready('build', { PARAM_REF: 'v1', STEP_TEST_SUMMARY: '' }, 'make');
    given(...history, reopened({ flow }), testing)
      .when(the.ended('test'))
      .thenEmits(the.completed('test'), StepReady({ ...build2.data, attempt: 2, askedBy: ada }));
  });

  it('is one of that version from then on', () => {
    const state = [...history, reopened({ flow })].reduce(evolveRun, run.initialState());
    expect(state).toMatchObject({
      plan: { started: { flowVersion: 2, flowHash: 'beef', steps, parameters: { ref: 'v1' } } },
    });
  });
});

describe('a run that goes on after its end', () => {
  const gated = step('ship', [], { gates: { before: the.gateTerms('May ship?') } });
  const approved = [the.started([gated]), the.gate('ship', 'May ship?'), the.resolved('ship', 'APPROVE')];
  const atGate = [...approved, the.ready('ship'), the.failed('ship'), runFailed('ship')];

  it('does not ask again at a gate that it has passed, unless it goes on from the beginning', () => {
    given(...atGate)
      .when(retryRun())
      .thenEmits(reopened(), readyAgain('ship'));
    const { data, type } = the.gate('ship', 'May ship?');
    const secondTime = { type, data: { ...data, gateId: the.gateIdOf('ship').replace(/1$/, '2') } };
    given(...atGate)
      .when(retryRun({ from: 'BEGINNING' }))
      .thenEmits(reopened({ scope: 'BEGINNING' }), secondTime);
  });

  it('asks again at gates that were closed with it, also when one step is tried again', () => {
    const closing = [the.started([left, gated]), the.ready('left'), the.gate('ship', 'May ship?'), the.failed('left')];
    const { data, type } = the.gate('ship', 'May ship?');
    const again = { type, data: { ...data, gateId: the.gateIdOf('ship').replace(/1$/, '2') } };
    given(...closing, the.cancelled('ship'), runFailed('left'))
      .when(onStep('RetryStep', 'left'))
      .thenEmits(reopened({ scope: 'STEP', step: 'left' }), readyAgain('left'), again);
  });

  it('is still what its idempotency key has started', () => {
    const started = [the.started([left]), the.ready('left'), the.failed('left'), runFailed('left'), reopened()];
    given(...started)
      .when(the.start([left]))
      .thenNothing();
    given(...started)
      .when(the.start([left], { requestHash: 'other' }))
      .thenRejects('IDEMPOTENCY_KEY_REUSED');
  });

  it('has all the patience that its flow has', () => {
    const retry = { max: 1, backoffMs: 1_000, factor: 2, maxBackoffMs: 60_000 };
    const patient = step('left', [], { onFailure: { then: 'FAIL', retry } });
    const scheduled = (attempt: number) =>
      StepRetryScheduled({
        ...{ runId, step: 'left', attempt, dueAt: '2026-03-01T10:00:01.000Z' },
        reason: `Attempt ${attempt - 1} failed; retry 1 of 1.`,
        ...{ error: the.crash, scheduledAt: at },
      });
    const failed = StepFailed({ ...the.failed('left').data, attempt: 2 });
    const second = StepReady({ ...the.ready('left').data, attempt: 2 });
    given(
      ...[the.started([patient]), the.ready('left'), scheduled(2), second, failed, runFailed('left')],
      ...[reopened(), readyAgain('left', 3)],
    )
      .when(the.ended('left', { attempt: 3, outcome: 'ERROR', error: the.crash }))
      .thenEmits(scheduled(4));
  });

  it('tries again what never confirmed its end, also where the end of the run alone says so', () => {
    const by = { by: ada, mode: 'FORCE' } as const;
    given(
      ...[the.started([left]), the.ready('left'), RunCancelRequested({ runId, ...by, requestedAt: at })],
      RunCancelled({ runId, by: ada, cancelledAt: at }),
    )
      .when({ type: 'ResumeRun', data: asked })
      .thenEmits(reopened({ verb: 'RESUME', from: 'CANCELLED' }), readyAgain('left'));
  });
});

describe('a run with routes that goes on after its end', () => {
  const notTaken = (key: string) =>
    StepSkipped({
      ...{ runId, step: key, cause: 'not_taken', reason: 'No route leads here.' },
      ...{ by: ORCHESTRATOR, skippedAt: at },
    });
  const handled = (key: string, outcome: 'ERROR' | 'BLOCKED' = 'ERROR') =>
    StepFailed({ ...the.failed(key, outcome).data, then: 'ROUTE' });

  it('takes the way that the outcome of a step has led to, also where that step was blocked', () => {
    for (const [outcome, other] of [
      ['BLOCKED', 'ERROR'],
      ['ERROR', 'BLOCKED'],
    ] as const) {
      const routes = [
        { on: [other], to: ['mend'] },
        { on: [outcome], to: ['ask'] },
      ];
      const flow = [step('test', [], { routes }), step('mend', ['test']), step('ask', ['test'])];
      const asking = the.ready('ask', { STEP_TEST_SUMMARY: '' });
      given(
        ...[the.started(flow), the.ready('test'), handled('test', outcome), notTaken('mend'), asking],
        ...[the.failed('ask'), runFailed('ask')],
      )
        .when(retryRun())
        .thenEmits(reopened(), StepReady({ ...asking.data, attempt: 2, askedBy: ada }));
    }
  });

  it('leaves out what its routes do not lead to, where a step ended while the run was about to fail', () => {
    const routes = [{ to: ['ship'] }, { to: ['hold'] }];
    const flow = [step('choose', [], { routes }), left, step('ship', ['choose']), step('hold', ['choose'])];
    const closing = [the.started(flow), the.ready('choose'), the.ready('left'), the.failed('left')];
    given(...closing)
      .when(the.ended('choose'))
      .thenEmits(the.completed('choose'), the.cancelled('ship'), the.cancelled('hold'), runFailed('left'));
    const ended = [
      ...[...closing, the.completed('choose'), the.cancelled('ship'), the.cancelled('hold'), runFailed('left')],
    ];
    const shipping = StepReady({ ...the.ready('ship', { STEP_CHOOSE_SUMMARY: '' }).data, askedBy: ada });
    given(...ended)
      .when(retryRun())
      .thenEmits(reopened(), notTaken('hold'), readyAgain('left'), shipping);
    given(...ended)
      .when(onStep('RetryStep', 'left'))
      .thenEmits(reopened({ scope: 'STEP', step: 'left' }), notTaken('hold'), readyAgain('left'), shipping);
  });

  it('takes the way of a failure that was handled while the run was about to fail', () => {
    const routes = [{ on: ['ERROR' as const], to: ['mend'] }];
    const flow = [step('test', [], { routes }), left, step('ship', ['test']), step('mend', ['test'])];
    const closing = [the.started(flow), the.ready('test'), the.ready('left'), the.failed('left')];
    const end = [handled('test'), the.cancelled('ship'), the.cancelled('mend'), runFailed('left')];
    given(...closing)
      .when(the.ended('test', { outcome: 'ERROR', error: the.crash }))
      .thenEmits(...end);
    const mending = StepReady({ ...the.ready('mend', { STEP_TEST_SUMMARY: '' }).data, askedBy: ada });
    given(...closing, ...end)
      .when(retryRun())
      .thenEmits(reopened(), notTaken('ship'), readyAgain('left'), mending);
  });

  it('leaves out once what it has left out before', () => {
    const flow = [step('choose', [], { routes: [{ to: ['ship'] }, { to: ['hold'] }] })];
    const all = [...flow, step('ship', ['choose']), step('hold', ['choose']), step('tell', ['hold'])];
    const shipping = the.ready('ship', { STEP_CHOOSE_SUMMARY: '' });
    given(
      ...[the.started(all), the.ready('choose'), the.completed('choose'), notTaken('hold'), notTaken('tell')],
      ...[shipping, the.failed('ship'), runFailed('ship')],
    )
      .when(retryRun())
      .thenEmits(reopened(), StepReady({ ...shipping.data, attempt: 2, askedBy: ada }));
  });
});

describe('a run that is being cancelled', () => {
  const asking = RunCancelRequested({ runId, by: ada, mode: 'GRACEFUL', stopBy: at, requestedAt: at });

  it('is not retried, and neither are its steps', () => {
    const history = [the.started([left, right]), the.ready('left'), the.ready('right'), lost('left'), asking];
    for (const command of [retryRun(), onStep('RetryStep', 'left')]) {
      given(...history)
        .when(command)
        .thenRejects('NOT_POSSIBLE');
    }
  });
});

describe('a step of which nothing is heard', () => {
  const history = [the.started([left, right]), the.ready('left'), the.ready('right'), silent('left')];

  it('gets a new attempt when someone asks for one', () => {
    given(...history)
      .when(onStep('RetryStep', 'left'))
      .thenEmits(readyAgain('left'));
  });

  it('gets the instructions that were written for that attempt', () => {
    const agent = { provider: 'scripted', model: 'scripted-1', prompt: 'Ship.', instructions: 'Quickly.' } as const;
    const events = [the.started([step('left', [], { agent })]), the.ready('left'), silent('left')];
    const retry = { ...onStep('RetryStep', 'left').data, instructions: 'With care.' };
    const decision = run.decide({ type: 'RetryStep', data: retry }, events.reduce(evolveRun, run.initialState()));
    expect(decision).toMatchObject([
      { type: 'StepInstructionsEdited', data: { attempt: 2, instructions: 'With care.' } },
      { type: 'StepReady', data: { attempt: 2, agent: { instructions: 'With care.' } } },
    ]);
  });

  it('is not retried after its failure was dealt with', () => {
    const routed = step('left', [], { routes: [{ on: ['ERROR'], to: ['right'] }] });
    const handled = StepFailed({ ...the.failed('left').data, then: 'ROUTE' });
    given(the.started([routed, step('right', ['left'])]), the.ready('left'), handled, the.ready('right'))
      .when(onStep('RetryStep', 'left'))
      .thenRejects('NOT_POSSIBLE');
  });
});
