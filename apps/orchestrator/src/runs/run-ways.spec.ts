import { RunCompleted, RunFailed, StepFailed, StepSkipped, type StepDefinition } from '@runledger/contracts';
import { specify } from '@runledger/testing';
import { ORCHESTRATOR } from './orchestrator-actor.js';
import type { KnownRun } from './run-state.js';
import { run } from './run.decider.js';
import { evolveRun } from './run-evolve.js';
import * as the from './run.fixture.js';
import { at, notTaken, runId, step } from './run.fixture.js';

const given = specify(run);
const runCompleted = RunCompleted({ runId, completedAt: at });
const unmet = (key: string) =>
  StepSkipped({
    runId,
    step: key,
    cause: 'condition',
    reason: 'Its condition is not true.',
    by: ORCHESTRATOR,
    skippedAt: at,
  });
const noSummary = { STEP_TEST_SUMMARY: '' };
const handled = (key: string) => {
  const { type, data } = the.failed(key);
  return { type, data: { ...data, then: 'ROUTE' as const } };
};

describe('a step with a condition', () => {
  const flow = [step('ask', [], { if: 'parameters.ask' }), step('work', ['ask'])];

  it('is left out when it is not true, which is as good as done for those that need it', () => {
    given()
      .when(the.start(flow, { parameters: { ask: false } }))
      .thenEmits(
        the.started(flow, { parameters: { ask: false } }),
        unmet('ask'),
        the.ready('work', { PARAM_ASK: 'false', STEP_ASK_SUMMARY: '' }),
      );
  });

  it('fails when that cannot be found out', () => {
    expect(run.decide(the.start(flow), run.initialState())).toMatchObject([
      { type: 'RunStarted' },
      { type: 'StepFailed', data: { step: 'ask', attempt: 1, error: { code: 'EXPRESSION_FAILED' } } },
      { type: 'StepCancelled' },
      { type: 'RunFailed' },
    ]);
  });

  it('fails before anything else begins, and then nothing does unless its flow says otherwise', () => {
    const eventsFor = (then: StepDefinition['onFailure']['then']) => {
      const ask = step('ask', [], { if: 'parameters.ask', onFailure: { then } });
      const decision = run.decide(the.start([ask, step('beside')]), run.initialState());
      return 'rejected' in decision ? [] : decision.map(({ type }) => type);
    };
    expect(eventsFor('FAIL')).toEqual(['RunStarted', 'StepFailed', 'StepCancelled', 'RunFailed']);
    expect(eventsFor('PAUSE')).toEqual(['RunStarted', 'StepFailed', 'RunPaused']);
    expect(eventsFor('SKIP')).toEqual(['RunStarted', 'StepFailed', 'StepSkipped', 'StepReady']);
  });
});

describe('a step with routes', () => {
  const routes = [
    { on: ['SUCCESS' as const], to: ['ship'] },
    { on: ['ERROR' as const], to: ['repair'] },
  ];
  const flow: StepDefinition[] = [
    step('test', [], { routes }),
    step('ship', ['test']),
    step('repair', ['test']),
    step('report', ['repair']),
  ];
  const begun = [the.started(flow), the.ready('test')];

  it('goes on where its outcome leads; what nothing leads to is not taken', () => {
    given(...begun)
      .when(the.ended('test'))
      .thenEmits(the.completed('test'), notTaken('repair'), notTaken('report'), the.ready('ship', noSummary));
  });

  it('handles its failure when a route is for it', () => {
    given(...begun)
      .when(the.ended('test', { outcome: 'ERROR', error: the.crash }))
      .thenEmits(handled('test'), notTaken('ship'), the.ready('repair', noSummary));
  });
});

describe('the first rule of its routes that fits', () => {
  const to = (routes: StepDefinition['routes'], more: StepDefinition[] = []) => [
    step('test', [], { routes }),
    ...[step('ship', ['test']), step('repair', ['test']), ...more],
  ];
  const begun = (flow: StepDefinition[]) => [the.started(flow), the.ready('test')];
  const withOutput = (ok: boolean) => ({ output: { ok } as never });

  it('is the one for its outcome and for what it put out', () => {
    const flow = to([
      { on: ['ERROR'], to: ['repair'] },
      { on: ['SUCCESS'], if: 'output.ok', to: ['ship'] },
      { to: ['repair'] },
    ]);
    given(...begun(flow))
      .when(the.ended('test', withOutput(true)))
      .thenEmits(the.completed('test', withOutput(true)), notTaken('repair'), the.ready('ship', noSummary));
    given(...begun(flow))
      .when(the.ended('test', withOutput(false)))
      .thenEmits(the.completed('test', withOutput(false)), notTaken('ship'), the.ready('repair', noSummary));
  });

  it('leaves out all that rules name when none fits, and goes on with what none names', () => {
    const flow = to([{ on: ['ERROR'], to: ['repair'] }], [step('both', ['ship', 'repair'])]);
    given(...begun(flow))
      .when(the.ended('test'))
      .thenEmits(the.completed('test'), notTaken('repair'), the.ready('ship', noSummary));
  });

  it('of a failure leads to what it names alone', () => {
    const flow = to([{ on: ['ERROR'], to: ['repair'] }]);
    given(...begun(flow))
      .when(the.ended('test', { outcome: 'ERROR', error: the.crash }))
      .thenEmits(handled('test'), notTaken('ship'), the.ready('repair', noSummary));
  });

  it('knows in its condition how the step failed', () => {
    const flow = to([{ on: ['ERROR', 'BLOCKED'], if: 'outcome == "ERROR"', to: ['repair'] }]);
    given(...begun(flow))
      .when(the.ended('test', { outcome: 'ERROR', error: the.crash }))
      .thenEmits(handled('test'), notTaken('ship'), the.ready('repair', noSummary));
  });

  it('is for a failure only where it names that outcome and its condition is true', () => {
    for (const rule of [
      { if: 'true' },
      { on: ['ERROR' as const], if: 'false' },
      { on: ['ERROR' as const], if: 'output.ok' },
    ]) {
      given(...begun(to([{ ...rule, to: ['repair'] }])))
        .when(the.ended('test', { outcome: 'ERROR', error: the.crash }))
        .thenEmits(
          ...[the.failed('test'), the.cancelled('ship'), the.cancelled('repair')],
          RunFailed({ runId, step: 'test', error: the.crash, failedAt: at }),
        );
    }
  });

  it('fails the step when that cannot be found out', () => {
    const state = begun(to([{ if: 'output.ok', to: ['ship'] }])).reduce(evolveRun, run.initialState());
    expect(run.decide(the.ended('test'), state)).toMatchObject([
      { type: 'StepFailed', data: { attempt: 1, error: { code: 'EXPRESSION_FAILED' } } },
      ...[{ type: 'StepCancelled' }, { type: 'StepCancelled' }, { type: 'RunFailed' }],
    ]);
  });

  it('of a step that was left out is that of its success', () => {
    const [test, ...others] = to([
      { on: ['ERROR'], to: ['repair'] },
      { on: ['SUCCESS'], to: ['ship'] },
    ]);
    const flow = [{ ...test!, if: 'false' }, ...others];
    given()
      .when(the.start(flow))
      .thenEmits(the.started(flow), unmet('test'), notTaken('repair'), the.ready('ship', noSummary));
  });

  it('says nothing of a step that was left out for another reason: what needs that goes on', () => {
    const flow = [
      ...to([{ to: ['ship'] }, { to: ['repair'] }]),
      step('ask', [], { if: 'false' }),
      step('tell', ['ask', 'repair']),
    ];
    given(the.started(flow), unmet('ask'), the.ready('test'))
      .when(the.ended('test'))
      .thenEmits(
        ...[the.completed('test'), notTaken('repair'), the.ready('ship', noSummary)],
        the.ready('tell', { STEP_ASK_SUMMARY: '', STEP_REPAIR_SUMMARY: '' }),
      );
  });

  it('is known by its outcome to the conditions of later steps, blocked ones included', () => {
    const rule = { on: ['ERROR' as const, 'BLOCKED' as const], to: ['repair'] };
    const flow = (wanted: string) => [
      step('test', [], { routes: [rule] }),
      step('repair', ['test'], { if: `steps.test.outcome == "${wanted}"` }),
    ];
    for (const outcome of ['ERROR', 'BLOCKED'] as const) {
      const failure = StepFailed({ ...the.failed('test', outcome).data, then: 'ROUTE' });
      for (const wanted of ['ERROR', 'BLOCKED'] as const) {
        given(...begun(flow(wanted)))
          .when(the.ended('test', { outcome, error: the.crash }))
          .thenEmits(
            failure,
            ...(outcome === wanted ? [the.ready('repair', noSummary)] : [unmet('repair'), runCompleted]),
          );
      }
    }
  });
});

describe('a route past thousands of steps', () => {
  const many = Array.from({ length: 3_000 }, (_, index) => step(`s${index}`, ['test']));
  const flow = [
    step('test', [], { routes: [{ to: ['end'] }, { to: many.map(({ key }) => key) }] }),
    ...many,
    step('end', ['test']),
    step('late', ['end', 's2999']),
  ];

  it('leaves them out in one append, and what needs one of them waits for the others alone', () => {
    const begun = [the.started(flow), the.ready('test')].reduce(evolveRun, run.initialState());
    const decision = run.decide(the.ended('test'), begun);
    expect(Array.isArray(decision) && decision.length).toBeLessThan(1_000);
    const after = (Array.isArray(decision) ? decision : []).reduce(evolveRun, begun) as KnownRun;
    expect(after.counts).toMatchObject({ skipped: 3_000, executing: 1, pending: 1 });
    expect(run.decide(the.ended('end'), after)).toMatchObject([
      { type: 'StepCompleted' },
      { type: 'StepReady', data: { step: 'late' } },
    ]);
  });
});
