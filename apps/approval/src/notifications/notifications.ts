import {
  AddChannel,
  ReadMailTicket,
  ReadSlackClick,
  RotateChannelSecret,
  SteerChannel,
  TellInSlack,
  TestChannel,
} from '@runledger/contracts';
import type { CommandHandler, EventStore } from '@runledger/event-store';
import { SILENT } from '@runledger/messaging';
import type { ConsumerLog, Reactor } from '@runledger/messaging';
import type { Clock, CommandRegistry, Vault } from '@runledger/platform';
import type { TimerKind, Timers } from '@runledger/timers';
import type { ApprovalConfig } from '../approval.config.js';
import { RunFacts } from '../approvals/run-facts.js';
import { ChannelDesk } from './channel-desk.js';
import { ChannelSecrets } from './channel-secrets.js';
import { CircuitBreaker } from './circuit-breaker.js';
import { Courier } from './courier.js';
import { Links } from './links.js';
import { MailTeller } from './mail-teller.js';
import { MailTickets } from './mail-tickets.js';
import { MemberBook } from './member-book.js';
import { NoticesReactor } from './notices.reactor.js';
import { OutboundPost } from './outbound-post.js';
import { Recipients } from './recipients.js';
import { noticeTimer, sender } from './sender.reactor.js';
import { SlackClicks } from './slack-clicks.js';
import { SlackTeller } from './slack-teller.js';
import { WebhookTeller } from './webhook-teller.js';

export interface NotificationParts {
  readonly config: ApprovalConfig;
  /** Where the secrets of channels are. */
  readonly vault: Vault;
  /** Makes the table of the vault, where it is missing. */
  readonly prepare: () => Promise<void>;
  readonly log?: ConsumerLog;
}

interface Surroundings {
  readonly store: EventStore;
  readonly handler: CommandHandler;
  readonly clock: Clock;
  readonly timers: Timers;
}

/** People are told where they are that something waits for them; however they answer, it ends in the same command (D1). */
export class Notifications {
  readonly #desk: ChannelDesk;
  readonly #clicks: SlackClicks;
  readonly #tickets: MailTickets;
  readonly #notices: NoticesReactor;
  readonly #courier: Courier;

  constructor(
    private readonly around: Surroundings,
    { config, vault, log = SILENT }: NotificationParts,
  ) {
    const { store, handler, clock } = around;
    const { mail, slackUrl: apiUrl } = config;
    const secrets = new ChannelSecrets(vault);
    const [post, links] = [new OutboundPost(config.privateNetworks), new Links(config.publicUrl)];
    const [members, facts] = [new MemberBook(store), new RunFacts(store)];
    const recipients = new Recipients(handler, members);
    this.#desk = new ChannelDesk({ handler, secrets, post, recipients, sendsMail: mail !== undefined });
    this.#clicks = new SlackClicks({ handler, secrets, clock, apiUrl });
    this.#tickets = new MailTickets(secrets, clock);
    this.#notices = new NoticesReactor({ handler, facts, recipients, clock });
    const tellers = {
      SLACK: new SlackTeller({ handler, secrets, links, apiUrl }),
      EMAIL: new MailTeller({ mail, members, secrets, links, clock }),
      WEBHOOK: new WebhookTeller({ secrets, post, links, clock }),
    };
    this.#courier = new Courier({ store, handler, facts, clock, breaker: new CircuitBreaker(), tellers, log });
  }

  answer(commands: CommandRegistry): void {
    commands.answer(AddChannel, (input, context) => this.#desk.add(input, context));
    commands.answer(SteerChannel, (input, context) => this.#desk.steer(input, context));
    commands.answer(RotateChannelSecret, (input, context) => this.#desk.rotate(input, context));
    commands.answer(TestChannel, (input, context) => this.#desk.test(input, context));
    commands.answer(ReadSlackClick, (input, context) => this.#clicks.read(input, context));
    commands.answer(TellInSlack, (input, context) => this.#clicks.tell(input, context));
    commands.answer(ReadMailTicket, (input, context) => this.#tickets.read(input, context));
  }

  reactors(): Reactor[] {
    return [this.#notices, sender(this.#courier, this.around.timers)];
  }

  timerKinds(): TimerKind[] {
    return [noticeTimer(this.around.handler)];
  }
}
