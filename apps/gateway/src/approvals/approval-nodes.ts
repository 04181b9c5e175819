import { idOf, keyOf } from '@runledger/kernel';
import type { Caller } from '../access/caller.js';
import { actorNode } from '../graph/nodes.js';
import type { ApprovalView } from './approvals.projection.js';
import { decisionsFor } from './who-decides.js';

export type ApprovalNode = ReturnType<typeof approvalNode>;

/** A request as this caller sees it. */
export function approvalNode(view: ApprovalView, caller: Caller) {
  const { requestId, runId, step, message, shown, shownHash, requestedAt, state, withdrawnReason } = view;
  return {
    __typename: 'ApprovalRequest' as const,
    id: requestId,
    ...{ runId, step, message, shown, shownHash, requestedAt, state },
    kind: view.kind.toUpperCase() as Uppercase<ApprovalView['kind']>,
    policy: policyNode(view),
    until: (state === 'OPEN' ? view.dueAt : undefined) ?? null,
    onTimeout: view.deadline?.onTimeout ?? null,
    calls: view.calls,
    votes: view.votes.map(vote => ({ ...vote, by: actorNode(vote.by), comment: vote.comment ?? null })),
    decision: decisionNode(view),
    withdrawnReason: withdrawnReason ?? null,
    availableDecisions: decisionsFor(view, caller),
    askedAt: view.askedAt,
  };
}

function policyNode({ policy, escalatedTo }: ApprovalView) {
  const { approvers, count, excludeStarter } = policy;
  return { approvers: approvers ?? null, escalatedTo, count, excludeStarter };
}

function decisionNode({ decision }: ApprovalView) {
  if (!decision) return null;
  const { by, comment, answer } = decision;
  return { ...decision, by: actorNode(by), comment: comment ?? null, answer: answer ?? null };
}

/** `apr_<run key>.<step>.<position>.<attempt>` names the run whose story the decision belongs to. */
export function runOf(requestId: string): string {
  return idOf('run', keyOf(requestId).split('.')[0] ?? '');
}
