import { approvalEvents, type ApprovalEvent } from '@runledger/contracts';
import type { EventOf } from '@runledger/kernel';
import { defineView } from '@runledger/projections';
import { keyIn } from '../reads/row-key.js';

type DataOf<Type extends ApprovalEvent['type']> = Extract<EventOf<typeof approvalEvents>, { type: Type }>['data'];
type Requested = DataOf<'ApprovalRequested'>;
type Decided = DataOf<'ApprovalDecided'>;
type Voted = DataOf<'ApprovalVoted'>;

export interface ApprovalView extends Requested {
  readonly workspaceId: string;
  readonly state: 'OPEN' | 'DECIDED' | 'WITHDRAWN';
  readonly votes: readonly Pick<Voted, 'decision' | 'by' | 'comment' | 'votedAt'>[];
  /** Who may decide as well, since nobody had decided in time. */
  readonly escalatedTo: readonly string[];
  /** Until when it waits; undefined: as long as it takes. */
  readonly dueAt?: string;
  readonly decision?: Pick<Decided, 'decision' | 'by' | 'how' | 'comment' | 'answer' | 'shownHash' | 'decidedAt'>;
  readonly withdrawnReason?: string;
  /** Where it was asked: requests are listed in this order. */
  readonly askedAt: string;
  /** Of the newest event that is folded in. */
  readonly changedAt: string;
}

/** What people are asked to decide, and what they decided. */
export const approvalsProjection = defineView<ApprovalView, ApprovalEvent>({
  name: 'approvals',
  version: 2,
  // Its key is a request, and everything that is said of a request carries its run as correlation id.
  partitioned: true,
  table: 'approvals',
  types: approvalEvents.map(event => event.type),
  key: event => keyIn(event.tenant, event.data.requestId),
  evolve: (view, event) => {
    const at = event.position.toString();
    if (event.type === 'ApprovalRequested') return view ?? asked(event.data, event.tenant, at);
    return view && { ...view, ...news(view, event), changedAt: at };
  },
  columns: view => ({
    workspace_id: view.workspaceId,
    run_id: view.runId,
    state: view.state,
    kind: view.kind,
    approvers: namedApprovers(view) ?? null,
    excluded: (view.policy.excludeStarter ? view.startedBy : undefined) ?? null,
    voters: view.votes.map(({ by }) => by.id),
    asked_at: view.askedAt,
  }),
});

/** Member ids and e-mail addresses in lower case; undefined: anybody. */
export function namedApprovers({ policy, escalatedTo }: ApprovalView): readonly string[] | undefined {
  return policy.approvers && [...policy.approvers, ...escalatedTo].map(name => name.toLowerCase());
}

function asked(data: Requested, workspaceId: string, at: string): ApprovalView {
  const { deadline } = data;
  return {
    ...data,
    ...(deadline && { dueAt: deadline.dueAt }),
    ...{ workspaceId, state: 'OPEN', votes: [], escalatedTo: [], askedAt: at, changedAt: at },
  };
}

function news(view: ApprovalView, event: Exclude<ApprovalEvent, { type: 'ApprovalRequested' }>): Partial<ApprovalView> {
  switch (event.type) {
    case 'ApprovalShownChanged': {
      const { message, shown, shownHash } = event.data;
      return { message, shown, shownHash, votes: [] };
    }
    case 'ApprovalJoined':
      return { calls: [...view.calls, event.data.call] };
    case 'ApprovalVoted': {
      const { decision, by, comment, votedAt } = event.data;
      const others = view.votes.filter(vote => vote.by.kind !== by.kind || vote.by.id !== by.id);
      return { votes: [...others, { decision, by, votedAt, ...(comment !== undefined && { comment }) }] };
    }
    case 'ApprovalEscalated':
      return { escalatedTo: event.data.to, dueAt: event.data.dueAt };
    case 'ApprovalDecided':
      return { state: 'DECIDED', decision: taken(event.data), votes: event.data.votes ?? view.votes };
    case 'ApprovalWithdrawn':
      return { state: 'WITHDRAWN', withdrawnReason: event.data.reason };
  }
}

function taken({
  decision,
  by,
  how,
  comment,
  answer,
  shownHash,
  decidedAt,
}: Decided): NonNullable<ApprovalView['decision']> {
  return {
    ...{ decision, by, how, shownHash, decidedAt },
    ...(comment !== undefined && { comment }),
    ...(answer !== undefined && { answer }),
  };
}
