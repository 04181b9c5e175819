import {
  approvalEvents,
  ApprovalDecided,
  ApprovalEscalated,
  ApprovalJoined,
  ApprovalRequested,
  ApprovalShownChanged,
  ApprovalWithdrawn,
} from '@runledger/contracts';
import type { ApprovalDecision, ApprovalEvent } from '@runledger/contracts';
import type { Decider } from '@runledger/kernel';
import { alreadyDecided, noLongerNeeded, unknownRequest } from './approval-refusals.js';
import type { ApprovalRefusal } from './approval-refusals.js';
import { evolve } from './approval-state.js';
import type { ApprovalState, Decided, OpenApproval, Requested } from './approval-state.js';
import { voteOn } from './approval-votes.js';
import type { PersonsDecision } from './approval-votes.js';

/** Decides in nobody's name but by a rule that people have set before, or by force: no policy is asked. */
export interface Settlement {
  readonly decision: ApprovalDecision;
  readonly how: Exclude<Decided['how'], 'PEOPLE'>;
  readonly by: Decided['by'];
  readonly comment?: string;
  readonly decidedAt: string;
}

/** What an approval request can be told to do. Ids, times and hashes arrive as data. */
export type ApprovalCommand =
  | { readonly type: 'RequestApproval'; readonly data: Requested; readonly settlement?: Settlement }
  | { readonly type: 'DecideApproval'; readonly data: PersonsDecision }
  | { readonly type: 'SettleApproval'; readonly data: Settlement }
  /** `round`: the deadline that has passed, counted from 0. */
  | { readonly type: 'ExpireApproval'; readonly data: { readonly round: number; readonly at: string } }
  | { readonly type: 'WithdrawApproval'; readonly data: { readonly reason: string; readonly withdrawnAt: string } };

/**
 * One approval request, from question to answer. D1: it gets exactly one decision, bound to what was shown; the stream's
 * expected revision (E1) makes "exactly one" hold between any number of deciders at once.
 */
export const approval: Decider<ApprovalCommand, ApprovalState, ApprovalEvent, ApprovalRefusal> = {
  category: 'approval',
  events: approvalEvents,
  initialState: () => ({ status: 'absent' }),
  evolve,
  decide: (command, state) => {
    switch (command.type) {
      case 'RequestApproval':
        return request(command, state);
      case 'DecideApproval':
        return decideOnce(command.data, state);
      case 'SettleApproval':
        return state.status === 'open' ? [settled(command.data, state)] : [];
      case 'ExpireApproval':
        return state.status === 'open' && state.rounds === command.data.round ? expire(command.data.at, state) : [];
      case 'WithdrawApproval':
        return withdraw(command.data, state);
    }
  },
};

const TIMEOUT = { kind: 'system', id: 'timeout', name: 'Time limit' } as const;

function request(
  { data, settlement }: Extract<ApprovalCommand, { type: 'RequestApproval' }>,
  state: ApprovalState,
): ApprovalEvent[] {
  if (state.status === 'open') return askAgain(data, state);
  if (state.status !== 'absent') return [];
  const requested = ApprovalRequested(data);
  const open = evolve(state, requested);
  return settlement && open.status === 'open' ? [requested, settled(settlement, open)] : [requested];
}

/** The same thing is asked again: for another call, or with something else to show. */
function askAgain(data: Requested, state: OpenApproval): ApprovalEvent[] {
  const { requestId, runId, step } = state.request;
  const place = { requestId, runId, step };
  const { message, shown, shownHash, requestedAt } = data;
  const waits = new Set(state.calls.map(({ callId }) => callId));
  const joined = data.calls
    .filter(({ callId }) => !waits.has(callId))
    .map(call => ApprovalJoined({ ...place, call, joinedAt: requestedAt }));
  if (shownHash === state.shownHash) return joined;
  return [ApprovalShownChanged({ ...place, message, shown, shownHash, changedAt: requestedAt }), ...joined];
}

function decideOnce(said: PersonsDecision, state: ApprovalState): ApprovalEvent[] | ApprovalRefusal {
  switch (state.status) {
    case 'absent':
      return unknownRequest(said.requestId);
    case 'decided':
      return alreadyDecided(state.winner);
    case 'withdrawn':
      return noLongerNeeded(state.withdrawal);
    case 'open':
      return voteOn(said, state);
  }
}

function settled(settlement: Settlement, { request: { requestId, runId, step, kind }, ...open }: OpenApproval) {
  const { shownHash, calls } = open;
  return ApprovalDecided({ requestId, runId, step, kind, ...settlement, shownHash, calls: [...calls] });
}

/** Escalates once; whoever was asked then and says nothing either lets the gate fail. */
function expire(at: string, state: OpenApproval): ApprovalEvent[] {
  const { request: asked, rounds } = state;
  const { deadline, requestId, runId, step } = asked;
  if (!deadline) return [];
  const { onTimeout, escalateTo, timeoutMs } = deadline;
  if (onTimeout === 'ESCALATE' && rounds === 0 && escalateTo !== undefined) {
    const dueAt = new Date(Date.parse(at) + timeoutMs).toISOString();
    return [ApprovalEscalated({ requestId, runId, step, to: escalateTo, dueAt, escalatedAt: at })];
  }
  const decision = onTimeout === 'ESCALATE' ? 'FAIL' : onTimeout;
  const comment = 'Nobody decided in time.';
  return [settled({ decision, how: 'TIMEOUT', by: TIMEOUT, comment, decidedAt: at }, state)];
}

function withdraw(
  withdrawal: { readonly reason: string; readonly withdrawnAt: string },
  state: ApprovalState,
): ApprovalEvent[] {
  if (state.status !== 'open') return [];
  const { requestId, runId, step } = state.request;
  return [ApprovalWithdrawn({ ...withdrawal, requestId, runId, step, calls: [...state.calls] })];
}
