import { PlanSet } from '@runledger/contracts';
import { specify } from '@runledger/testing';
import { plans } from './plan.decider.js';

const given = specify(plans);
const set = (plan: 'free' | 'team' | 'business') => ({
  workspaceId: 'ws_acme',
  plan,
  setBy: { kind: 'member' as const, id: 'mem_ada' },
  setAt: '2026-11-21T10:00:00.000Z',
});

describe('the plan of a workspace', () => {
  it('is the one that was set last', () => {
    given()
      .when({ type: 'SetPlan', data: set('team') })
      .thenEmits(PlanSet(set('team')));
    given(PlanSet(set('team')))
      .when({ type: 'SetPlan', data: set('free') })
      .thenEmits(PlanSet(set('free')));
  });

  it('set to what it is, changes nothing', () => {
    given(PlanSet(set('free')), PlanSet(set('team')))
      .when({ type: 'SetPlan', data: set('team') })
      .thenNothing();
  });
});
