import { Inject, Module } from '@nestjs/common';
import type { BeforeApplicationShutdown, DynamicModule, OnApplicationBootstrap } from '@nestjs/common';
import { AnswerQuestion, Decide, RevokeGrant } from '@runledger/contracts';
import { CommandHandler } from '@runledger/event-store';
import type { EventStore } from '@runledger/event-store';
import { ReactorHost } from '@runledger/messaging';
import type { RunningConsumer } from '@runledger/messaging';
import { CLOCK, EVENT_STORE, CommandRegistry } from '@runledger/platform';
import type { Clock } from '@runledger/platform';
import { TIMERS, TimersModule } from '@runledger/timers';
import type { TimerHost } from '@runledger/timers';
import { deadlines, deadlineTimer } from './approvals/deadlines.reactor.js';
import { Decisions } from './approvals/decisions.js';
import { requestsReactor } from './approvals/requests.reactor.js';
import { GrantBook } from './grants/grant-book.js';

export interface ApprovalOptions {
  /** The timers of this service. The module starts and stops them. */
  readonly timers: TimerHost;
}

/** The approval service: people are asked at gates and by agents, and their one decision is kept (D1). */
@Module({})
export class ApprovalModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  @Inject(TIMERS) private readonly timers!: TimerHost;
  @Inject(EVENT_STORE) private readonly store!: EventStore;
  @Inject(CLOCK) private readonly clock!: Clock;
  #running: readonly RunningConsumer[] = [];

  constructor(
    private readonly registry: CommandRegistry,
    private readonly reactors: ReactorHost,
    private readonly commands: CommandHandler,
  ) {}

  /** Needs the global platform module beside it. */
  static register({ timers }: ApprovalOptions): DynamicModule {
    return { module: ApprovalModule, imports: [TimersModule.register(timers)] };
  }

  async onApplicationBootstrap(): Promise<void> {
    const { commands, timers, reactors } = this;
    const [decisions, book] = [new Decisions(commands), new GrantBook(commands)];
    this.registry.answer(Decide, (input, context) => decisions.decide(input, context));
    this.registry.answer(AnswerQuestion, (input, context) => decisions.answer(input, context));
    this.registry.answer(RevokeGrant, (input, context) => book.revoke(input, context));
    await timers.start([deadlineTimer(commands)]);
    const all = [requestsReactor(this.store, commands, this.clock), deadlines(timers)];
    this.#running = await Promise.all(all.map(reactor => reactors.start(reactor)));
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all([this.timers.stop(), ...this.#running.map(reactor => reactor.stop())]);
  }
}
