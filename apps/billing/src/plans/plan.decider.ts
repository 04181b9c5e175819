import { planEvents, PlanSet } from '@runledger/contracts';
import type { Plan, PlanEvent } from '@runledger/contracts';
import type { Decider, Rejection } from '@runledger/kernel';

export interface SetPlan {
  readonly type: 'SetPlan';
  readonly data: ReturnType<typeof PlanSet>['data'];
}

/** What was booked last; undefined while nobody has changed what the workspace was set up with. */
export interface PlanState {
  readonly plan: Plan | undefined;
}

/** The plan of one workspace. */
export const plans: Decider<SetPlan, PlanState, PlanEvent, Rejection<never>> = {
  category: 'plan',
  events: planEvents,
  initialState: () => ({ plan: undefined }),
  evolve: (_state, event) => ({ plan: event.data.plan }),
  decide: (command, state) => (state.plan === command.data.plan ? [] : [PlanSet(command.data)]),
};
