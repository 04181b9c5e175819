import { AnswerQuestion, Decide, personDecision, type ApprovalDecision } from '@runledger/contracts';
import { derivedId } from '@runledger/event-store';
import type { Position } from '@runledger/event-store';
import { reject, type Rejection } from '@runledger/kernel';
import { Inject, Injectable } from '@nestjs/common';
import { Authority, type VouchedMember } from '../access/authority.js';
import { assertHolds, type Caller } from '../access/caller.js';
import { runOf } from '../approvals/approval-nodes.js';
import { RequestError } from '../graph/request-errors.js';
import { CommandDesk } from '../reads/command-desk.js';

/** What was said about a request by a button or on a page. */
export interface SaidOutside {
  readonly requestId: string;
  readonly shownHash: string;
  readonly decision: ApprovalDecision;
  readonly answer?: string | undefined;
  readonly comment?: string | undefined;
}

export type OutsideOutcome =
  | {
      readonly status: 'accepted';
      readonly decision: ApprovalDecision | undefined;
      readonly caller: Caller;
      /** Where it stands in the log. */
      readonly position: Position | undefined;
    }
  | { readonly status: 'refused'; readonly refusal: Rejection };

/**
 * Decisions that come in neither through GraphQL nor with a token. Whoever is behind them needs the scope that the mutation needs,
 * and what they say becomes the same command (D1, G2).
 */
@Injectable()
export class OutsideDecisions {
  constructor(
    @Inject(Authority) private readonly authority: Authority,
    @Inject(CommandDesk) private readonly desk: CommandDesk,
  ) {}

  /** The member behind it, if they may decide at all. */
  async callerOf(workspaceId: string, who: VouchedMember, via: string): Promise<Caller | Rejection> {
    try {
      const caller = await this.authority.vouchedFor(workspaceId, who, via);
      assertHolds(caller, 'flows.run');
      return caller;
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      return reject(error.code, error.message, error.fix === undefined ? {} : { fix: error.fix });
    }
  }

  /** `token`: the button or link. It counts once for each member: repeated, it is answered as the first time. */
  async decide(said: SaidOutside, token: string, caller: Caller): Promise<OutsideOutcome> {
    const { requestId, shownHash, decision, answer, comment } = said;
    const story = {
      commandId: derivedId(token, `${caller.workspaceId}/${caller.memberId}`, 0),
      runId: runOf(requestId),
    };
    const email = caller.email === undefined ? {} : { email: caller.email };
    if (decision === 'ANSWER') {
      if (answer === undefined || answer === '') return { status: 'refused', refusal: noAnswer() };
      const outcome = await this.desk.sendOnce(AnswerQuestion, { requestId, answer, ...email }, caller, story);
      if (outcome.status === 'refused') return outcome;
      return { status: 'accepted', decision: outcome.output.decision, caller, position: outcome.position };
    }
    const input = {
      ...{ requestId, shownHash, decision: personDecision.parse(decision), ...email },
      ...(comment !== undefined && comment !== '' && { comment }),
    };
    const outcome = await this.desk.sendOnce(Decide, input, caller, story);
    if (outcome.status === 'refused') return outcome;
    return { status: 'accepted', decision: outcome.output.decision, caller, position: outcome.position };
  }
}

function noAnswer(): Rejection {
  return reject('NOT_A_CHOICE', 'Nothing was answered.', { fix: 'Choose one of the answers, or write one.' });
}
