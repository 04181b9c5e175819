import type { Caller } from '../access/caller.js';
import { approvalNode } from '../approvals/approval-nodes.js';
import type { ApprovalView } from '../approvals/approvals.projection.js';
import type { RunNode } from './run-nodes.js';

/** What a run asks people, as this caller sees it; what it asked in the past nobody can decide any more. */
export function requestNode({ past }: RunNode, view: ApprovalView, caller: Caller) {
  const node = approvalNode(view, caller);
  return past ? { ...node, availableDecisions: [] } : node;
}
