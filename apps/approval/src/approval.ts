import { AnswerQuestion, Decide, RevokeGrant } from '@runledger/contracts';
import type { CommandHandler, EventStore } from '@runledger/event-store';
import type { Reactor } from '@runledger/messaging';
import type { Clock, CommandRegistry } from '@runledger/platform';
import type { TimerKind, Timers } from '@runledger/timers';
import { deadlines, deadlineTimer } from './approvals/deadlines.reactor.js';
import { Decisions } from './approvals/decisions.js';
import { requestsReactor } from './approvals/requests.reactor.js';
import { GrantBook } from './grants/grant-book.js';
import { Notifications } from './notifications/notifications.js';
import type { NotificationParts } from './notifications/notifications.js';

export interface ApprovalParts {
  readonly store: EventStore;
  readonly handler: CommandHandler;
  readonly clock: Clock;
  readonly timers: Timers;
  /** How people are told; left out, they have to look into their inbox. */
  readonly notifications?: NotificationParts;
}

/** What this service answers, what it reacts to and what it does when time has come, without a framework. */
export class Approval {
  readonly #notifications: Notifications | undefined;

  constructor(private readonly parts: ApprovalParts) {
    const { notifications } = parts;
    this.#notifications = notifications && new Notifications(parts, notifications);
  }

  /** Makes its tables, where they are missing. */
  async prepare(): Promise<void> {
    await this.parts.notifications?.prepare();
  }

  answer(commands: CommandRegistry): void {
    const { handler } = this.parts;
    const [decisions, book] = [new Decisions(handler), new GrantBook(handler)];
    commands.answer(Decide, (input, context) => decisions.decide(input, context));
    commands.answer(AnswerQuestion, (input, context) => decisions.answer(input, context));
    commands.answer(RevokeGrant, (input, context) => book.revoke(input, context));
    this.#notifications?.answer(commands);
  }

  reactors(): Reactor[] {
    const { store, handler, clock, timers } = this.parts;
    return [requestsReactor(store, handler, clock), deadlines(timers), ...(this.#notifications?.reactors() ?? [])];
  }

  timerKinds(): TimerKind[] {
    return [deadlineTimer(this.parts.handler), ...(this.#notifications?.timerKinds() ?? [])];
  }
}
