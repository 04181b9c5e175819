import { holds, type Caller } from '../access/caller.js';
import { actorNode } from '../graph/nodes.js';
import type { ApprovalView } from './approvals.projection.js';

export type ApprovalNode = ReturnType<typeof approvalNode>;

/** A request as this caller sees it. */
export function approvalNode(view: ApprovalView, caller: Caller) {
  const { requestId, runId, step, message, shown, shownHash, requestedAt, state, decision, withdrawnReason } = view;
  const mayDecide = state === 'OPEN' && holds(caller, 'flows.run');
  return {
    __typename: 'ApprovalRequest' as const,
    id: requestId,
    runId,
    step,
    kind: 'GATE' as const,
    message,
    shown,
    shownHash,
    requestedAt,
    state,
    decision: decision ? { ...decision, by: actorNode(decision.by), comment: decision.comment ?? null } : null,
    withdrawnReason: withdrawnReason ?? null,
    availableDecisions: mayDecide ? (['APPROVE', 'REJECT', 'SKIP'] as const) : [],
    askedAt: view.askedAt,
  };
}
