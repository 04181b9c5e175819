import type {
  ApprovalDecided,
  ApprovalDecision,
  ApprovalEvent,
  ApprovalRequested,
  ApprovalShown,
  ApprovalWithdrawn,
  WaitingCall,
} from '@runledger/contracts';

export type Requested = ReturnType<typeof ApprovalRequested>['data'];
export type Decided = ReturnType<typeof ApprovalDecided>['data'];
export type Withdrawn = ReturnType<typeof ApprovalWithdrawn>['data'];

export interface Vote {
  readonly decision: ApprovalDecision;
  readonly by: Decided['by'];
  readonly comment?: string | undefined;
  readonly votedAt: string;
}

/** A request that waits: as it was made, and what has become of it since. */
export interface OpenApproval {
  readonly status: 'open';
  readonly request: Requested;
  readonly message: string;
  readonly shown: ApprovalShown;
  readonly shownHash: string;
  /** At most one of each member, in the order in which they were given. */
  readonly votes: readonly Vote[];
  /** Who may decide as well, since nobody had decided in time. */
  readonly escalatedTo: readonly string[];
  /** Deadlines that have passed. */
  readonly rounds: number;
  readonly calls: readonly WaitingCall[];
}

export type ApprovalState =
  | { readonly status: 'absent' }
  | OpenApproval
  | { readonly status: 'decided'; readonly request: Requested; readonly winner: Decided }
  | { readonly status: 'withdrawn'; readonly request: Requested; readonly withdrawal: Withdrawn };

export function evolve(state: ApprovalState, event: ApprovalEvent): ApprovalState {
  if (event.type === 'ApprovalRequested') return opened(event.data);
  return state.status === 'open' ? evolveOpen(state, event) : state;
}

function opened(request: Requested): OpenApproval {
  const { message, shown, shownHash, calls } = request;
  return { status: 'open', request, message, shown, shownHash, calls, votes: [], escalatedTo: [], rounds: 0 };
}

function evolveOpen(state: OpenApproval, event: Exclude<ApprovalEvent, { type: 'ApprovalRequested' }>): ApprovalState {
  const { request } = state;
  switch (event.type) {
    case 'ApprovalShownChanged': {
      const { message, shown, shownHash } = event.data;
      return { ...state, message, shown, shownHash, votes: [] };
    }
    case 'ApprovalJoined':
      return { ...state, calls: [...state.calls, event.data.call] };
    case 'ApprovalVoted': {
      const { decision, by, comment, votedAt } = event.data;
      return { ...state, votes: withVote(state.votes, { decision, by, comment, votedAt }) };
    }
    case 'ApprovalEscalated':
      return { ...state, escalatedTo: event.data.to, rounds: state.rounds + 1 };
    case 'ApprovalDecided':
      return { status: 'decided', request, winner: event.data };
    case 'ApprovalWithdrawn':
      return { status: 'withdrawn', request, withdrawal: event.data };
  }
}

/** A member has one vote: the newest. */
export function withVote(votes: readonly Vote[], vote: Vote): readonly Vote[] {
  return [...votes.filter(({ by }) => by.kind !== vote.by.kind || by.id !== vote.by.id), vote];
}
