import { ApprovalDecided, ApprovalVoted, takesPattern } from '@runledger/contracts';
import type { ApprovalDecision, ApprovalEvent, GrantReach, Json } from '@runledger/contracts';
import {
  commentMissing,
  invalidGrant,
  notAChoice,
  notAnApprover,
  notPossible,
  shownChanged,
  starterExcluded,
} from './approval-refusals.js';
import type { ApprovalRefusal } from './approval-refusals.js';
import { withVote } from './approval-state.js';
import type { Decided, OpenApproval, Vote } from './approval-state.js';

/** What one person says to a request. */
export interface PersonsDecision {
  readonly requestId: string;
  readonly decision: ApprovalDecision;
  readonly comment?: string;
  /** Hash of what the person saw; a decision without one is taken as made on what the request shows. */
  readonly shownHash?: string;
  readonly answer?: Json;
  readonly grant?: GrantReach;
  readonly by: Decided['by'];
  /** Verified; gates may name approvers by it. */
  readonly email?: string;
  readonly decidedAt: string;
}

/** One person's vote, and the decision when it was the last that was needed. */
export function voteOn(said: PersonsDecision, state: OpenApproval): ApprovalEvent[] | ApprovalRefusal {
  const objection = objectionTo(said, state);
  if (objection) return objection;
  const vote = voteOf(said);
  const votes = withVote(state.votes, vote);
  const agreeing = votes.filter(({ decision }) => decision === said.decision);
  if (agreeing.length >= votesNeeded(state, said.decision)) return [decided(said, state, agreeing)];
  const same = state.votes.find(({ by }) => by.kind === said.by.kind && by.id === said.by.id);
  if (same?.decision === said.decision && same.comment === said.comment) return [];
  const { requestId, runId, step } = state.request;
  return [ApprovalVoted({ requestId, runId, step, ...vote, shownHash: state.shownHash })];
}

/** To go on takes the votes of the policy; to stop, one: whoever sees a reason to stop need not find allies. */
export function votesNeeded({ request }: OpenApproval, decision: ApprovalDecision): number {
  return decision === 'APPROVE' || decision === 'SKIP' ? request.policy.count : 1;
}

export function votesFor({ votes }: OpenApproval, decision: ApprovalDecision): number {
  return votes.filter(vote => vote.decision === decision).length;
}

function voteOf({ decision, by, comment, decidedAt }: PersonsDecision): ReturnType<typeof asVote> {
  return asVote({ decision, by, comment, votedAt: decidedAt });
}

function asVote({ decision, by, comment, votedAt }: Vote) {
  return { decision, by, ...(comment === undefined ? {} : { comment }), votedAt };
}

function decided(said: PersonsDecision, state: OpenApproval, votes: readonly Vote[]): ApprovalEvent {
  const { request, shownHash, calls } = state;
  const { requestId, runId, step, kind } = request;
  const { decision, by, comment, answer, grant, decidedAt } = said;
  return ApprovalDecided({
    ...{ requestId, runId, step, kind, decision, by, how: 'PEOPLE', shownHash, decidedAt },
    ...(comment === undefined ? {} : { comment }),
    ...(answer === undefined ? {} : { answer }),
    ...(grant === undefined ? {} : { grant }),
    ...(votes.length > 1 ? { votes: votes.map(asVote) } : {}),
    calls: [...calls],
  });
}

/** Why this person cannot say this; undefined when nothing is in the way. */
function objectionTo(said: PersonsDecision, state: OpenApproval): ApprovalRefusal | undefined {
  if (said.shownHash !== undefined && said.shownHash !== state.shownHash) return shownChanged(state);
  if (!state.request.decisions.includes(said.decision)) return notPossible(state, said.decision);
  return (
    personObjection(said, state) ??
    (said.decision === 'REQUEST_CHANGES' && !said.comment?.trim() ? commentMissing() : undefined) ??
    (said.decision === 'ANSWER' ? answerObjection(said, state) : undefined) ??
    grantObjection(said, state)
  );
}

function personObjection({ by, email }: PersonsDecision, state: OpenApproval): ApprovalRefusal | undefined {
  const { policy, startedBy } = state.request;
  if (policy.excludeStarter && by.id === startedBy) return starterExcluded();
  if (policy.approvers === undefined) return undefined;
  const named = [...policy.approvers, ...state.escalatedTo];
  const known = [by.id, email].map(name => name?.toLowerCase());
  return named.some(name => known.includes(name.toLowerCase())) ? undefined : notAnApprover(named);
}

function answerObjection({ answer }: PersonsDecision, { shown }: OpenApproval): ApprovalRefusal | undefined {
  const choices = 'question' in shown ? shown.choices : undefined;
  return choices === undefined || choices.some(choice => choice === answer) ? undefined : notAChoice(choices);
}

function grantObjection(said: PersonsDecision, { shown }: OpenApproval): ApprovalRefusal | undefined {
  const { grant, decision, decidedAt } = said;
  if (grant === undefined) return undefined;
  if (decision !== 'ALLOW_RUN' && decision !== 'ALLOW_ALWAYS') {
    return invalidGrant(`${decision} makes no grant.`, 'Leave the pattern and the expiry out.');
  }
  if (grant.pattern !== undefined && 'tool' in shown && !takesPattern(shown.tool)) {
    return invalidGrant(`Calls of ${shown.tool} have no argument for a pattern.`, 'Leave the pattern out.');
  }
  if (grant.expiresAt === undefined || Date.parse(grant.expiresAt) > Date.parse(decidedAt)) return undefined;
  return invalidGrant('The grant would have expired already.', 'Let it expire later.');
}
