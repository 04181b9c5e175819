import {
  GateReached,
  GateResolved,
  RunCompleted,
  StepReady,
  StepSkipped,
  type StepDefinition,
} from '@runledger/contracts';
import { gateId } from '@runledger/kernel';
import { specify } from '@runledger/testing';
import { inheritedSteps } from './inherited-steps.js';
import { ORCHESTRATOR } from './orchestrator-actor.js';
import type { KnownRun } from './run-state.js';
import { run } from './run.decider.js';
import { evolveRun } from './run-evolve.js';
import * as the from './run.fixture.js';
import { ada, at, runId, step } from './run.fixture.js';

const given = specify(run);
const runCompleted = RunCompleted({ runId, completedAt: at });
const notTaken = (key: string) =>
  StepSkipped({
    runId,
    step: key,
    cause: 'not_taken',
    reason: 'No route leads here.',
    by: ORCHESTRATOR,
    skippedAt: at,
  });
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
      { type: 'StepFailed', data: { step: 'ask', error: { code: 'EXPRESSION_FAILED' } } },
      { type: 'StepCancelled' },
      { type: 'RunFailed' },
    ]);
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

describe('a review of what a step did', () => {
  const flow = [step('write', [], { gates: { after: the.gateTerms('Good enough?') } })];
  const review = (attempt: number) => {
    const upstream = [{ step: 'write', name: 'Do write', outcome: 'SUCCESS' as const, summary: 'A draft.' }];
    const { data } = the.gate('write', 'Good enough?', upstream);
    const result = { attempt, outcome: 'SUCCESS' as const, summary: 'A draft.' };
    return GateReached({ ...data, gateId: idOf(attempt), position: 'after', result });
  };
  const idOf = (round: number) => gateId(runId, 'write', 'after', round);
  const decided = (decision: 'APPROVE' | 'REQUEST_CHANGES', comment?: string) =>
    GateResolved({
      runId,
      step: 'write',
      gateId: idOf(1),
      decision,
      by: ada,
      ...(comment && { comment }),
      resolvedAt: at,
    });
  const underReview = [the.started(flow), the.ready('write'), review(1)];

  it('shows it, and completes the step when people approve', () => {
    given(the.started(flow), the.ready('write'))
      .when(the.ended('write', { summary: 'A draft.' }))
      .thenEmits(review(1));
    given(...underReview)
      .when(the.decide('write', 'APPROVE', idOf(1)))
      .thenEmits(decided('APPROVE'), the.completed('write', { summary: 'A draft.' }), runCompleted);
  });

  it('is another attempt when people ask for changes, with what they said', () => {
    const asking = {
      step: 'write',
      gateId: idOf(1),
      decision: 'REQUEST_CHANGES',
      by: ada,
      comment: 'Shorter.',
      at,
    } as const;
    given(...underReview)
      .when({ type: 'ResolveGate', data: asking })
      .thenEmits(
        decided('REQUEST_CHANGES', 'Shorter.'),
        StepReady({ ...the.ready('write', { REQUESTED_CHANGES: 'Shorter.' }).data, attempt: 2, askedBy: ada }),
      );
  });
});

describe('a step that is a gate', () => {
  const { command: _command, ...rest } = step('approve', ['build']);
  const flow = [step('build'), { ...rest, gate: the.gateTerms('Deploy?') }, step('deploy', ['approve'])];

  it('only asks, and is done when people approve', () => {
    const upstream = [{ step: 'build', name: 'Do build', outcome: 'SUCCESS' as const }];
    const id = gateId(runId, 'approve', 'between', 1);
    const reached = GateReached({ ...the.gate('approve', 'Deploy?', upstream).data, gateId: id, position: 'between' });
    const before = [the.started(flow), the.ready('build')];
    given(...before)
      .when(the.ended('build'))
      .thenEmits(the.completed('build'), reached);
    given(...before, the.completed('build'), reached)
      .when(the.decide('approve', 'APPROVE', id))
      .thenEmits(
        GateResolved({ ...the.resolved('approve', 'APPROVE').data, gateId: id }),
        the.completedAt('approve', 0),
        the.ready('deploy', { STEP_APPROVE_SUMMARY: '' }),
      );
  });
});

describe('a run that goes back to another one', () => {
  const flow = [step('plan'), step('left', ['plan']), step('right', ['plan']), step('join', ['left', 'right'])];
  const source = [
    the.started(flow),
    the.ready('plan'),
    the.completed('plan', { summary: 'A plan.' }),
    the.ready('left'),
    the.ready('right'),
    the.completed('left'),
    the.completed('right'),
    the.ready('join'),
    the.completed('join'),
    runCompleted,
  ].reduce(evolveRun, run.initialState()) as KnownRun;

  it('has what was done before the step that it begins with, and does that and what follows again', () => {
    const inherited = inheritedSteps(source, flow, 'left');
    expect(inherited.map(({ step: key }) => key)).toEqual(['plan', 'right']);
    const lineage = { kind: 'RERUN', of: runId, fromStep: 'left' } as const;
    given()
      .when(the.start(flow, { lineage, inherited }))
      .thenEmits(the.started(flow, { lineage, inherited }), the.ready('left', { STEP_PLAN_SUMMARY: 'A plan.' }));
  });

  it('says which run did what, however often it was taken over', () => {
    const lineage = { kind: 'RERUN', of: runId, fromStep: 'join' } as const;
    const second = 'run_0198aaaa-bbbb-7ccc-8ddd-000000000002';
    const started = the.started(flow, { runId: second, lineage, inherited: inheritedSteps(source, flow, 'join') });
    const again = inheritedSteps(evolveRun(run.initialState(), started) as KnownRun, flow, 'join');
    expect(again[0]).toEqual({
      step: 'plan',
      state: 'COMPLETED',
      from: { runId, attempt: 1 },
      outcome: 'SUCCESS',
      summary: 'A plan.',
    });
  });
});

describe('a route past thousands of steps', () => {
  const many = Array.from({ length: 3_000 }, (_, index) => step(`s${index}`, ['test']));
  const flow = [
    step('test', [], { routes: [{ to: ['end'] }, { to: many.map(({ key }) => key) }] }),
    ...many,
    step('end', ['test']),
  ];

  it('leaves them out in one append', () => {
    const begun = [the.started(flow), the.ready('test')].reduce(evolveRun, run.initialState());
    const decision = run.decide(the.ended('test'), begun);
    expect(Array.isArray(decision) && decision.length).toBeLessThan(1_000);
    const after = (Array.isArray(decision) ? decision : []).reduce(evolveRun, begun) as KnownRun;
    expect(after.counts).toMatchObject({ skipped: 3_000, executing: 1, pending: 0 });
  });
});
