import type { AnswerQuestion, Decide, InputOf, OutputOf, RefusalOf } from '@runledger/contracts';
import type { CommandContext, CommandHandler } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';
import type { Rejection } from '@runledger/kernel';
import type { CommandOutcome } from '@runledger/platform';
import { approval } from './approval.decider.js';
import { unknownRequest } from './approval-refusals.js';
import type { ApprovalRefusal } from './approval-refusals.js';
import type { ApprovalState } from './approval-state.js';
import { votesFor, votesNeeded } from './approval-votes.js';
import type { PersonsDecision } from './approval-votes.js';

type Settled = OutputOf<typeof Decide>;
type Said = Omit<PersonsDecision, 'by' | 'decidedAt'>;
type Answered<Command> = CommandOutcome<Settled, RefusalOf<Command>>;
type Outcome =
  | { readonly status: 'refused'; readonly refusal: ApprovalRefusal }
  | { readonly status: 'accepted'; readonly output: Settled; readonly position: bigint | undefined };

const REQUEST_ID = /^apr_[A-Za-z0-9.-]{1,300}$/;

/** Answers the commands `Decide` and `AnswerQuestion`: every way to say yes or no ends here (D1). */
export class Decisions {
  constructor(private readonly handler: CommandHandler) {}

  async decide(input: InputOf<typeof Decide>, context: CommandContext): Promise<Answered<typeof Decide>> {
    const { grant, ...said } = stated(input);
    const reach = grant && stated(grant);
    return fitting(await this.#say({ ...said, ...(reach ? { grant: reach } : {}) }, context), 'NOT_A_CHOICE');
  }

  async answer(
    { requestId, answer, email }: InputOf<typeof AnswerQuestion>,
    context: CommandContext,
  ): Promise<Answered<typeof AnswerQuestion>> {
    const said = stated({ requestId, decision: 'ANSWER' as const, answer, email });
    return fitting(await this.#say(said, context), 'COMMENT_MISSING', 'INVALID_GRANT');
  }

  async #say(said: Said, context: CommandContext): Promise<Outcome> {
    const { requestId } = said;
    if (!REQUEST_ID.test(requestId)) return { status: 'refused', refusal: unknownRequest(requestId) };
    const stream = streamOf('approval', requestId);
    const known = await this.handler.load(approval, { tenant: context.workspaceId, name: stream });
    if (known.state.status === 'absent') return { status: 'refused', refusal: unknownRequest(requestId) };
    const outcome = await this.handler.handle(
      approval,
      stream,
      { type: 'DecideApproval', data: { ...said, by: context.actor, decidedAt: context.occurredAt } },
      { ...context, correlationId: known.state.request.runId },
    );
    if (outcome.status === 'refused') return outcome;
    return { status: 'accepted', output: settledBy(said, outcome.state), position: outcome.position };
  }
}

/** Without members that are present but undefined. */
function stated<T extends object>(input: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  const entries = Object.entries(input).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [Key in keyof T]: Exclude<T[Key], undefined> };
}

/** The outcome of a command that cannot be refused in these ways, because it says nothing of the kind. */
function fitting<Code extends ApprovalRefusal['rejected']>(
  outcome: Outcome,
  ...never: readonly Code[]
): CommandOutcome<Settled, Exclude<ApprovalRefusal['rejected'], Code>> {
  if (outcome.status === 'accepted') return outcome;
  const { refusal } = outcome;
  if ((never as readonly string[]).includes(refusal.rejected)) {
    throw new TypeError(`This cannot be refused with ${refusal.rejected}, but was: ${refusal.message}`);
  }
  return { status: 'refused', refusal: refusal as Rejection<Exclude<ApprovalRefusal['rejected'], Code>> };
}

/** What an accepted decision left behind; a repeated command answers from the same state as the first time. */
function settledBy({ requestId, decision }: Said, state: ApprovalState): Settled {
  switch (state.status) {
    case 'decided': {
      const { winner } = state;
      const needed = Math.max(1, winner.votes?.length ?? 1);
      return { requestId, runId: winner.runId, decision: winner.decision, votes: needed, needed };
    }
    case 'open':
      return {
        requestId,
        runId: state.request.runId,
        votes: votesFor(state, decision),
        needed: votesNeeded(state, decision),
      };
    case 'withdrawn': {
      const { runId, policy } = state.request;
      return { requestId, runId, votes: 0, needed: policy.count };
    }
    case 'absent':
      throw new TypeError('An accepted decision left no request.');
  }
}
