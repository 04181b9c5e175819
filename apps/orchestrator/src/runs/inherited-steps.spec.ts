import { RunCompleted } from '@runledger/contracts';
import { specify } from '@runledger/testing';
import { inheritedSteps } from './inherited-steps.js';
import type { KnownRun } from './run-state.js';
import { run } from './run.decider.js';
import { evolveRun } from './run-evolve.js';
import * as the from './run.fixture.js';
import { at, notTaken, runId, step } from './run.fixture.js';

const given = specify(run);
const runCompleted = RunCompleted({ runId, completedAt: at });
const noSummary = { STEP_TEST_SUMMARY: '' };

describe('a run that takes over steps of which some were not taken', () => {
  it('leaves out what only they lead to', () => {
    const flow = [
      step('test', [], { routes: [{ to: ['ship'] }, { to: ['mend'] }] }),
      step('ship', ['test']),
      step('mend', ['test']),
      step('tell', ['mend']),
    ];
    const from = { runId, attempt: 1 };
    const inherited = [
      { step: 'test', state: 'COMPLETED' as const, from, outcome: 'SUCCESS' as const },
      { step: 'mend', state: 'SKIPPED' as const, from, notTaken: true },
    ];
    given()
      .when(the.start(flow, { inherited }))
      .thenEmits(the.started(flow, { inherited }), notTaken('tell'), the.ready('ship', noSummary));
  });
});

describe('a run that takes over a step with routes', () => {
  const routes = [
    { on: ['SUCCESS' as const], to: ['ship'] },
    { on: ['ERROR' as const], to: ['mend'] },
  ];
  const flow = [step('other'), step('test', [], { routes }), step('ship', ['test']), step('mend', ['test', 'other'])];
  const from = { runId, attempt: 1 };
  const other = { step: 'other', state: 'COMPLETED' as const, from, outcome: 'SUCCESS' as const };
  const test = { step: 'test', state: 'SKIPPED' as const, from };
  const env = { STEP_OTHER_SUMMARY: '', ...noSummary };

  it('goes on where its success leads, where it was left out', () => {
    const inherited = [other, test];
    given()
      .when(the.start(flow, { inherited }))
      .thenEmits(the.started(flow, { inherited }), notTaken('mend'), the.ready('ship', noSummary));
  });

  it('goes on where its own outcome and output lead, where it was done', () => {
    const byOutput = [{ on: ['PARTIAL' as const], if: 'output.ok', to: ['mend'] }, ...routes];
    const steps = flow.map(each => (each.key === 'test' ? { ...each, routes: byOutput } : each));
    const done = { ...test, state: 'COMPLETED' as const, outcome: 'PARTIAL' as const, output: { ok: true } };
    const inherited = [other, done];
    given()
      .when(the.start(steps, { inherited }))
      .thenEmits(the.started(steps, { inherited }), notTaken('ship'), the.ready('mend', env));
  });

  it('goes on with what something else leads to, where no route led to it', () => {
    const inherited = [other, { ...test, notTaken: true }];
    given()
      .when(the.start(flow, { inherited }))
      .thenEmits(the.started(flow, { inherited }), notTaken('ship'), the.ready('mend', env));
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
