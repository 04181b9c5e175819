import type { Decide, InputOf, OutputOf, RefusalOf } from '@runledger/contracts';
import type { CommandContext, CommandHandler } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';
import type { CommandOutcome } from '@runledger/platform';
import { approval, unknownRequest } from './approval.decider.js';
import type { ApprovalState } from './approval.decider.js';

type Outcome = CommandOutcome<OutputOf<typeof Decide>, RefusalOf<typeof Decide>>;

const REQUEST_ID = /^apr_[A-Za-z0-9.-]{1,300}$/;

/** Answers the command `Decide`: every way to say yes or no ends here (D1). */
export class GateDecisions {
  constructor(private readonly handler: CommandHandler) {}

  async decide(input: InputOf<typeof Decide>, context: CommandContext): Promise<Outcome> {
    if (!REQUEST_ID.test(input.requestId)) return { status: 'refused', refusal: unknownRequest(input.requestId) };
    const stream = streamOf('approval', input.requestId);
    const known = await this.handler.load(approval, { tenant: context.workspaceId, name: stream });
    if (known.state.status === 'absent') return { status: 'refused', refusal: unknownRequest(input.requestId) };
    const outcome = await this.handler.handle(
      approval,
      stream,
      { type: 'DecideApproval', data: { ...stated(input), by: context.actor, decidedAt: context.occurredAt } },
      { ...context, correlationId: known.state.request.runId },
    );
    if (outcome.status === 'refused') return outcome;
    return { status: 'accepted', output: winner(outcome.state), position: outcome.position };
  }
}

/** The input without members that are present but undefined. */
function stated({ requestId, decision, comment, shownHash }: InputOf<typeof Decide>) {
  return {
    requestId,
    decision,
    ...(comment === undefined ? {} : { comment }),
    ...(shownHash === undefined ? {} : { shownHash }),
  };
}

/** What an accepted decision left behind; a repeated command answers from the same state as the first time. */
function winner(state: ApprovalState): OutputOf<typeof Decide> {
  if (state.status !== 'decided') throw new TypeError(`An accepted decision left the request ${state.status}.`);
  const { requestId, runId, decision } = state.winner;
  return { requestId, runId, decision };
}
