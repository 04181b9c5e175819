import { reject } from '@runledger/kernel';
import type { Rejection } from '@runledger/kernel';
import type { Decided, OpenApproval, Withdrawn } from './approval-state.js';

export type ApprovalRefusal = Rejection<
  | 'REQUEST_NOT_FOUND'
  | 'ALREADY_DECIDED'
  | 'REQUEST_WITHDRAWN'
  | 'SHOWN_CHANGED'
  | 'NOT_AN_APPROVER'
  | 'STARTER_EXCLUDED'
  | 'DECISION_NOT_POSSIBLE'
  | 'COMMENT_MISSING'
  | 'INVALID_GRANT'
  | 'NOT_A_CHOICE'
>;

/** The one wording of "there is no such request", for ids that do not even have a stream. */
export function unknownRequest(requestId: string) {
  return reject('REQUEST_NOT_FOUND', `There is no approval request ${requestId} in this workspace.`, {
    fix: 'Take the id from the inbox or from the gate on the run.',
  });
}

export function alreadyDecided(winner: Decided): ApprovalRefusal {
  return reject('ALREADY_DECIDED', `${winner.by.name ?? winner.by.id} already decided: ${winner.decision}.`, {
    fix: 'Nothing is left to do: that decision stands, and the run shows what came of it.',
    details: [
      { path: 'decision', message: winner.decision },
      { path: 'by', message: winner.by.id },
      { path: 'decidedAt', message: winner.decidedAt },
    ],
  });
}

export function noLongerNeeded({ reason }: Withdrawn): ApprovalRefusal {
  return reject('REQUEST_WITHDRAWN', `Nobody needs to decide this any more: ${reason}.`, {
    fix: 'Look at the run: it has ended or is ending.',
  });
}

export function shownChanged({ shownHash }: OpenApproval): ApprovalRefusal {
  return reject('SHOWN_CHANGED', 'What this request shows is not what you saw when you decided.', {
    fix: 'Load the request again, look at it, and decide on what it shows now.',
    details: [{ path: 'shownHash', message: shownHash }],
  });
}

export function notPossible({ request }: OpenApproval, decision: string): ApprovalRefusal {
  const possible = request.decisions.join(', ');
  const fix = request.kind === 'question' ? 'Answer it with answerQuestion.' : `Choose one of ${possible}.`;
  return reject('DECISION_NOT_POSSIBLE', `${decision} cannot be decided here; possible are: ${possible}.`, { fix });
}

export function starterExcluded(): ApprovalRefusal {
  return reject('STARTER_EXCLUDED', 'Whoever started the run may not decide at this gate.', {
    fix: 'Ask somebody else to decide.',
  });
}

export function notAnApprover(approvers: readonly string[]): ApprovalRefusal {
  return reject('NOT_AN_APPROVER', 'This gate names who may decide, and you are not among them.', {
    fix: 'Ask one of those who are named.',
    details: approvers.map(name => ({ path: 'policy.approvers', message: name })),
  });
}

export function commentMissing(): ApprovalRefusal {
  return reject('COMMENT_MISSING', 'Changes are requested without saying which.', {
    fix: 'Write a comment: it becomes the instructions of the next attempt.',
  });
}

export function notAChoice(choices: readonly string[]): ApprovalRefusal {
  return reject('NOT_A_CHOICE', 'The answer is none of the choices.', {
    fix: 'Answer with one of the choices, word for word.',
    details: choices.map(choice => ({ path: 'answer', message: choice })),
  });
}

export function invalidGrant(message: string, fix: string): ApprovalRefusal {
  return reject('INVALID_GRANT', message, { fix });
}
