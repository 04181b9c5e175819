import type { PermissionRequested, QuestionAsked } from '@runledger/contracts';
import { idOf, keyOf } from '@runledger/kernel';
import type { Requested } from './approval-state.js';
import { shownHash } from './shown-hash.js';

export type PermissionAsk = ReturnType<typeof PermissionRequested>['data'];
export type QuestionAsk = ReturnType<typeof QuestionAsked>['data'];

const ANYBODY = { count: 1, excludeStarter: false };

/**
 * Calls that ask for the same thing share a request while it is open; what is asked for again after it was decided is the
 * next `round`, from 1.
 */
export function permissionRequestId({ runId, callHash }: PermissionAsk, round: number): string {
  return idOf('apr', `${keyOf(runId)}.ask-${callHash.slice(0, 32)}.${round}`);
}

/** Each question has an id of its own. */
export function questionRequestId({ runId, callId }: Pick<QuestionAsk, 'runId' | 'callId'>): string {
  return idOf('apr', `${keyOf(runId)}.question.${callId}`);
}

export function permissionRequest(asked: PermissionAsk, requestId: string, now: string): Requested {
  const { runId, step, attempt, callId, tool, callHash } = asked;
  // Asks of several steps are one prompt: what is shown is the call, not who makes it.
  const message = `An agent asks to call ${tool}.`;
  const shown = { tool, arguments: asked.arguments, callHash };
  return {
    ...{ requestId, runId, step, kind: 'permission', message, shown },
    shownHash: shownHash({ message, shown }),
    decisions: ['ALLOW_ONCE', 'ALLOW_RUN', 'ALLOW_ALWAYS', 'DENY'],
    policy: ANYBODY,
    calls: [{ step, attempt, callId }],
    requestedAt: now,
  };
}

export function questionRequest(asked: QuestionAsk, now: string): Requested {
  const { runId, step, attempt, callId, question, choices } = asked;
  const shown = { question, ...(choices === undefined ? {} : { choices }) };
  return {
    ...{ requestId: questionRequestId(asked), runId, step, kind: 'question', message: question, shown },
    shownHash: shownHash({ message: question, shown }),
    decisions: ['ANSWER'],
    policy: ANYBODY,
    calls: [{ step, attempt, callId }],
    requestedAt: now,
  };
}
