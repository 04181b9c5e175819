import { approvalEvents, type ApprovalEvent, type GateDecision } from '@runledger/contracts';
import type { EventOf } from '@runledger/kernel';
import { defineView } from '@runledger/projections';
import { keyIn } from '../reads/row-key.js';

type Requested = Extract<EventOf<typeof approvalEvents>, { type: 'ApprovalRequested' }>['data'];
type Decided = Extract<EventOf<typeof approvalEvents>, { type: 'ApprovalDecided' }>['data'];

export interface ApprovalView extends Requested {
  readonly workspaceId: string;
  readonly state: 'OPEN' | 'DECIDED' | 'WITHDRAWN';
  readonly decision?: {
    readonly decision: GateDecision;
    readonly by: Decided['by'];
    readonly comment?: string;
    readonly decidedAt: string;
  };
  readonly withdrawnReason?: string;
  /** Where it was asked: requests are listed in this order. */
  readonly askedAt: string;
}

/** What people are asked to decide, and what they decided. */
export const approvalsProjection = defineView<ApprovalView, ApprovalEvent>({
  name: 'approvals',
  version: 1,
  // Its key is a request, and everything that is said of a request carries its run as correlation id.
  partitioned: true,
  table: 'approvals',
  types: approvalEvents.map(event => event.type),
  key: event => keyIn(event.tenant, event.data.requestId),
  evolve: (view, event) => {
    switch (event.type) {
      case 'ApprovalRequested':
        return view ?? { ...event.data, workspaceId: event.tenant, state: 'OPEN', askedAt: event.position.toString() };
      case 'ApprovalDecided': {
        const { decision, by, comment, decidedAt } = event.data;
        const taken = { decision, by, decidedAt, ...(comment !== undefined && { comment }) };
        return view && { ...view, state: 'DECIDED', decision: taken };
      }
      case 'ApprovalWithdrawn':
        return view && { ...view, state: 'WITHDRAWN', withdrawnReason: event.data.reason };
    }
  },
  columns: view => ({
    workspace_id: view.workspaceId,
    run_id: view.runId,
    state: view.state,
    asked_at: view.askedAt,
  }),
});
