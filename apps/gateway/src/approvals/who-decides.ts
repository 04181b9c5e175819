import type { PersonDecision } from '@runledger/contracts';
import { personDecision } from '@runledger/contracts';
import { holds, type Caller } from '../access/caller.js';
import { namedApprovers, type ApprovalView } from './approvals.projection.js';

/** The names under which a policy may mean the caller. */
export function namesOf({ memberId, email }: Caller): readonly string[] {
  return [memberId, ...(email === undefined ? [] : [email])].map(name => name.toLowerCase());
}

/** Whether the request's policy lets the caller decide. The approval service has the last word: this is for showing. */
export function concerns(view: ApprovalView, caller: Caller): boolean {
  if (view.policy.excludeStarter && view.startedBy === caller.memberId) return false;
  const named = namedApprovers(view);
  return named === undefined || namesOf(caller).some(name => named.includes(name));
}

export type ShownDecision = PersonDecision | 'ANSWER';

/** What the caller may decide now. */
export function decisionsFor(view: ApprovalView, caller: Caller): readonly ShownDecision[] {
  if (view.state !== 'OPEN' || !holds(caller, 'flows.run') || !concerns(view, caller)) return [];
  return view.decisions.filter(
    (decision): decision is ShownDecision => decision === 'ANSWER' || personDecision.safeParse(decision).success,
  );
}
