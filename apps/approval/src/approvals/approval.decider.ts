import { approvalEvents, ApprovalDecided, ApprovalRequested, ApprovalWithdrawn } from '@runledger/contracts';
import type { ApprovalEvent, GateDecision } from '@runledger/contracts';
import { reject } from '@runledger/kernel';
import type { Decider, Rejection } from '@runledger/kernel';

type Requested = ReturnType<typeof ApprovalRequested>['data'];
type Decided = ReturnType<typeof ApprovalDecided>['data'];
type Withdrawn = ReturnType<typeof ApprovalWithdrawn>['data'];

/** What an approval request can be told to do. Ids, times and hashes arrive as data. */
export type ApprovalCommand =
  | { readonly type: 'RequestApproval'; readonly data: Requested }
  | {
      readonly type: 'DecideApproval';
      readonly data: {
        readonly requestId: string;
        readonly decision: GateDecision;
        readonly comment?: string;
        /** Hash of what the person saw; a decision without one is taken as made on what the request shows. */
        readonly shownHash?: string;
        readonly by: Decided['by'];
        readonly decidedAt: string;
      };
    }
  | { readonly type: 'WithdrawApproval'; readonly data: { readonly reason: string; readonly withdrawnAt: string } };

export type ApprovalState =
  | { readonly status: 'absent' }
  | { readonly status: 'open'; readonly request: Requested }
  | { readonly status: 'decided'; readonly request: Requested; readonly winner: Decided }
  | { readonly status: 'withdrawn'; readonly request: Requested; readonly withdrawal: Withdrawn };

export type ApprovalRefusal = Rejection<
  'REQUEST_NOT_FOUND' | 'ALREADY_DECIDED' | 'REQUEST_WITHDRAWN' | 'SHOWN_CHANGED'
>;

/**
 * One approval request, from question to answer. D1: it gets exactly one decision, bound to what was shown; the stream's
 * expected revision (E1) makes "exactly one" hold between any number of deciders at once.
 */
export const approval: Decider<ApprovalCommand, ApprovalState, ApprovalEvent, ApprovalRefusal> = {
  category: 'approval',
  events: approvalEvents,
  initialState: () => ({ status: 'absent' }),
  evolve: (state, event) => {
    switch (event.type) {
      case 'ApprovalRequested':
        return { status: 'open', request: event.data };
      case 'ApprovalDecided':
        return state.status === 'open' ? { status: 'decided', request: state.request, winner: event.data } : state;
      case 'ApprovalWithdrawn':
        return state.status === 'open'
          ? { status: 'withdrawn', request: state.request, withdrawal: event.data }
          : state;
    }
  },
  decide: (command, state) => {
    switch (command.type) {
      case 'RequestApproval':
        return state.status === 'absent' ? [ApprovalRequested(command.data)] : [];
      case 'DecideApproval':
        return decideOnce(command.data, state);
      case 'WithdrawApproval':
        return withdraw(command.data, state);
    }
  },
};

type Decision = Extract<ApprovalCommand, { type: 'DecideApproval' }>['data'];

function decideOnce(decision: Decision, state: ApprovalState): ApprovalEvent[] | ApprovalRefusal {
  switch (state.status) {
    case 'absent':
      return unknownRequest(decision.requestId);
    case 'decided':
      return alreadyDecided(state.winner);
    case 'withdrawn':
      return reject('REQUEST_WITHDRAWN', `Nobody needs to decide this any more: ${state.withdrawal.reason}.`, {
        fix: 'Look at the run: it has ended or is ending.',
      });
    case 'open':
      return decideOpen(decision, state.request);
  }
}

function decideOpen(decision: Decision, request: Requested): ApprovalEvent[] | ApprovalRefusal {
  const { shownHash, ...rest } = decision;
  if (shownHash !== undefined && shownHash !== request.shownHash) {
    return reject('SHOWN_CHANGED', 'What this request shows is not what you saw when you decided.', {
      fix: 'Load the request again, look at it, and decide on what it shows now.',
      details: [{ path: 'shownHash', message: `The request shows ${request.shownHash}.` }],
    });
  }
  const { runId, step } = request;
  return [ApprovalDecided({ ...rest, runId, step, shownHash: request.shownHash })];
}

/** The one wording of "there is no such request", for ids that do not even have a stream. */
export function unknownRequest(requestId: string): ApprovalRefusal {
  return reject('REQUEST_NOT_FOUND', `There is no approval request ${requestId} in this workspace.`, {
    fix: 'Take the id from the inbox or from the gate on the run.',
  });
}

function alreadyDecided(winner: Decided): ApprovalRefusal {
  return reject('ALREADY_DECIDED', `${winner.by.name ?? winner.by.id} already decided: ${winner.decision}.`, {
    details: [
      { path: 'decision', message: winner.decision },
      { path: 'by', message: winner.by.id },
      { path: 'decidedAt', message: winner.decidedAt },
    ],
  });
}

function withdraw(
  withdrawal: { readonly reason: string; readonly withdrawnAt: string },
  state: ApprovalState,
): ApprovalEvent[] {
  if (state.status !== 'open') return [];
  const { requestId, runId, step } = state.request;
  return [ApprovalWithdrawn({ ...withdrawal, requestId, runId, step })];
}
