import {
  GateReached,
  GateResolved,
  RunCompleted,
  RunFailed,
  RunRejected,
  StepFailed,
  StepReady,
  StepSkipped,
} from '@runledger/contracts';
import { gateId as gateIdAt } from '@runledger/kernel';
import { specify } from '@runledger/testing';
import type { RunCommand } from './run-commands.js';
import { run } from './run.decider.js';
import * as the from './run.fixture.js';
import { ada, at, runId, step } from './run.fixture.js';

const given = specify(run);
const [gateId, otherGate] = [the.gateIdOf('ship'), the.gateIdOf('other')];
const gated = step('ship', [], { gates: { before: the.gateTerms('May ship?') } });
const atGate = [the.started([gated]), the.gate('ship', 'May ship?')];
type Resolve = Extract<RunCommand, { type: 'ResolveGate' }>['data'];
const resolve = (decision: Resolve['decision'], more: Partial<Resolve> = {}): RunCommand => ({
  type: 'ResolveGate',
  data: { step: 'ship', gateId, decision, by: ada, comment: undefined, at, ...more },
});
const resolved = (decision: Resolve['decision'], comment?: string) =>
  GateResolved({ runId, step: 'ship', gateId, decision, by: ada, ...(comment && { comment }), resolvedAt: at });

describe('what people decided at a gate', () => {
  it('is kept with what they had to say, which is why a step is left out', () => {
    given(...atGate)
      .when(resolve('APPROVE', { comment: 'Looks good.' }))
      .thenEmits(resolved('APPROVE', 'Looks good.'), StepReady(the.ready('ship').data));
    given(...atGate)
      .when(resolve('SKIP', { comment: 'Not today.' }))
      .thenEmits(
        resolved('SKIP', 'Not today.'),
        StepSkipped({ runId, step: 'ship', cause: 'gate', reason: 'Not today.', by: ada, skippedAt: at }),
        RunCompleted({ runId, completedAt: at }),
      );
  });

  it('is why the run ends, where they reject', () => {
    given(...atGate)
      .when(resolve('REJECT', { comment: 'Never.' }))
      .thenEmits(
        resolved('REJECT', 'Never.'),
        the.cancelled('ship'),
        RunRejected({ runId, step: 'ship', gateId, by: ada, comment: 'Never.', rejectedAt: at }),
      );
  });

  it('is a failure where nobody did in time', () => {
    const error = {
      code: 'GATE_TIMEOUT',
      message: 'Nobody decided at the gate in time.',
      fix: 'Give the gate more time, or name others who may decide.',
    };
    given(...atGate)
      .when(resolve('FAIL'))
      .thenEmits(
        resolved('FAIL'),
        StepFailed({ runId, step: 'ship', attempt: 0, outcome: 'ERROR', error, failedAt: at }),
        RunFailed({ runId, step: 'ship', error, failedAt: at }),
      );
  });

  it('is nothing that another attempt could do, before there was one', () => {
    given(...atGate)
      .when(resolve('REQUEST_CHANGES', { comment: 'Smaller.' }))
      .thenRejects('GATE_NOT_OPEN');
  });

  it('counts at a gate that is open, once (D1)', () => {
    const after = [...atGate, resolved('APPROVE'), the.ready('ship')];
    given(...after)
      .when(resolve('APPROVE'))
      .thenRejects('GATE_NOT_OPEN');
    given(...after, the.completed('ship'), RunCompleted({ runId, completedAt: at }))
      .when(resolve('REJECT'))
      .thenRejects('GATE_NOT_OPEN');
    for (const more of [{ gateId: otherGate }, { step: 'other' }]) {
      given(...atGate)
        .when(resolve('APPROVE', more))
        .thenRejects('GATE_NOT_OPEN');
    }
    given().when(resolve('APPROVE')).thenRejects('RUN_NOT_FOUND');
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
  const idOf = (round: number) => gateIdAt(runId, 'write', 'after', round);
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
      .thenEmits(
        decided('APPROVE'),
        the.completed('write', { summary: 'A draft.' }),
        RunCompleted({ runId, completedAt: at }),
      );
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
    const id = gateIdAt(runId, 'approve', 'between', 1);
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
