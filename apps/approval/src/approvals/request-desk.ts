import type { Actor, CommandHandler, RecordedEvent } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';
import { reactionContext } from '@runledger/messaging';
import type { Clock } from '@runledger/platform';
import { approval } from './approval.decider.js';
import type { ApprovalCommand } from './approval.decider.js';
import type { ApprovalState } from './approval-state.js';

const APPROVAL: Actor = { kind: 'service', id: 'approval' };

/** Where events of others become commands to approval requests, in the service's own name. */
export class RequestDesk {
  constructor(
    private readonly handler: CommandHandler,
    private readonly clock: Clock,
  ) {}

  now(): string {
    return this.clock.now();
  }

  /** `reactor` and the request together name the command: the same event sends it once to each request (R1). */
  context(reactor: string, event: RecordedEvent, purpose: string) {
    return reactionContext(event, { reactor: `${reactor}/${purpose}`, actor: APPROVAL, now: this.clock.now() });
  }

  /** Sends what may be refused, and leaves it at that. */
  offer(reactor: string, event: RecordedEvent, requestId: string, command: ApprovalCommand) {
    const context = this.context(reactor, event, `${requestId}/${command.type}`);
    return this.handler.handle(approval, streamOf('approval', requestId), command, context);
  }

  /** Answers what became of the request. */
  async send(
    reactor: string,
    event: RecordedEvent,
    requestId: string,
    command: ApprovalCommand,
  ): Promise<ApprovalState> {
    const outcome = await this.offer(reactor, event, requestId, command);
    if (outcome.status === 'accepted') return outcome.state;
    throw new TypeError(`${command.type} cannot be refused, but was: ${outcome.refusal.message}`);
  }

  async stateOf(tenant: string, requestId: string): Promise<ApprovalState> {
    const { state } = await this.handler.load(approval, { tenant, name: streamOf('approval', requestId) });
    return state;
  }
}
