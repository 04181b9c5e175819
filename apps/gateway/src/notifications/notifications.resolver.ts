import { RotateChannelSecret, SteerChannel, TestChannel, type InputOf } from '@runledger/contracts';
import { reject } from '@runledger/kernel';
import { Inject } from '@nestjs/common';
import { Args, Context, Mutation, Query, Resolver } from '@nestjs/graphql';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { pageAsked, type PageArgs } from '../graph/connection.js';
import { CallerOf, type GraphContext } from '../graph/graph-context.js';
import { refusalNode } from '../graph/nodes.js';
import { CommandDesk } from '../reads/command-desk.js';
import { ReadModels } from '../reads/read-models.js';
import { ChannelAdder, type ChannelInput } from './channel-adder.js';
import { NotificationReader } from './notification-reader.js';

interface NotificationsArgs extends PageArgs {
  readonly filter?: {
    readonly channelId?: string | null;
    readonly runId?: string | null;
    readonly states?: readonly string[] | null;
  } | null;
  readonly atLeast?: string | null;
}

/** A week. */
const LONGEST_OVERLAP_MINUTES = 10_080;
const VIEWS = ['notification-channels', 'notifications'];

@Resolver('NotificationChannel')
export class NotificationsResolver {
  constructor(
    @Inject(NotificationReader) private readonly reader: NotificationReader,
    @Inject(ReadModels) private readonly readModels: ReadModels,
    @Inject(CommandDesk) private readonly desk: CommandDesk,
    @Inject(ChannelAdder) private readonly adder: ChannelAdder,
  ) {}

  @Query('notificationChannels')
  @Requires('workspace.admin')
  async notificationChannels(
    @Args('atLeast') atLeast: string | undefined,
    @CallerOf() { workspaceId }: Caller,
    @Context() context: GraphContext,
  ) {
    await this.readModels.atLeast(atLeast, context);
    return this.reader.channels(workspaceId);
  }

  @Query('notifications')
  @Requires('workspace.admin')
  async notifications(
    @Args() { filter, atLeast, ...page }: NotificationsArgs,
    @CallerOf() { workspaceId }: Caller,
    @Context() context: GraphContext,
  ) {
    await this.readModels.atLeast(atLeast, context);
    const states = filter?.states ?? [];
    return this.reader.page(workspaceId, {
      channelId: filter?.channelId ?? undefined,
      runId: filter?.runId ?? undefined,
      states: states.length > 0 ? states : undefined,
      ...pageAsked(page, 50),
    });
  }

  @Mutation('addNotificationChannel')
  @Requires('workspace.admin')
  async addNotificationChannel(@Args('input') input: ChannelInput, @CallerOf() caller: Caller) {
    const outcome = await this.adder.add(input, caller);
    if (outcome.status === 'refused') return refusalNode('NotificationChannelRefused', outcome.refusal);
    return this.#withSecret(outcome, caller);
  }

  @Mutation('rotateNotificationSecret')
  @Requires('workspace.admin')
  async rotateNotificationSecret(
    @Args('id') channelId: string,
    @Args('overlapMinutes') overlapMinutes: number,
    @CallerOf() caller: Caller,
  ) {
    if (overlapMinutes < 0 || overlapMinutes > LONGEST_OVERLAP_MINUTES) {
      return refusalNode('NotificationChannelRefused', badOverlap());
    }
    const outcome = await this.desk.send(RotateChannelSecret, { channelId, overlapMinutes }, caller);
    if (outcome.status === 'refused') return refusalNode('NotificationChannelRefused', outcome.refusal);
    return this.#withSecret(outcome, caller);
  }

  @Mutation('pauseNotificationChannel')
  @Requires('workspace.admin')
  pauseNotificationChannel(@Args('id') channelId: string, @CallerOf() caller: Caller) {
    return this.#steer({ channelId, verb: 'PAUSE' }, caller);
  }

  @Mutation('resumeNotificationChannel')
  @Requires('workspace.admin')
  resumeNotificationChannel(@Args('id') channelId: string, @CallerOf() caller: Caller) {
    return this.#steer({ channelId, verb: 'RESUME' }, caller);
  }

  @Mutation('removeNotificationChannel')
  @Requires('workspace.admin')
  removeNotificationChannel(@Args('id') channelId: string, @CallerOf() caller: Caller) {
    return this.#steer({ channelId, verb: 'REMOVE' }, caller);
  }

  @Mutation('testNotificationChannel')
  @Requires('workspace.admin')
  async testNotificationChannel(@Args('id') channelId: string, @CallerOf() caller: Caller) {
    const outcome = await this.desk.send(TestChannel, { channelId }, caller);
    if (outcome.status === 'refused') return refusalNode('NotificationChannelRefused', outcome.refusal);
    if (outcome.position !== undefined) await this.readModels.reach(outcome.position, VIEWS);
    const notifications = await this.reader.notifications(caller.workspaceId, outcome.output.noticeIds);
    return { __typename: 'TestedNotificationChannel' as const, notifications };
  }

  async #steer(input: InputOf<typeof SteerChannel>, caller: Caller) {
    const outcome = await this.desk.send(SteerChannel, input, caller);
    if (outcome.status === 'refused') return refusalNode('NotificationChannelRefused', outcome.refusal);
    if (outcome.position !== undefined) await this.readModels.reach(outcome.position, VIEWS);
    if (input.verb === 'REMOVE') return { __typename: 'RemovedNotificationChannel' as const, id: input.channelId };
    return this.reader.channel(caller.workspaceId, input.channelId);
  }

  async #withSecret(
    {
      output,
      position,
    }: {
      readonly output: { channelId: string; signingSecret?: string | undefined };
      readonly position: bigint | undefined;
    },
    caller: Caller,
  ) {
    if (position !== undefined) await this.readModels.reach(position, VIEWS);
    const channel = await this.reader.channel(caller.workspaceId, output.channelId);
    const signingSecret = output.signingSecret ?? null;
    return channel && { __typename: 'AddedNotificationChannel' as const, channel, signingSecret };
  }
}

function badOverlap() {
  const fix = 'Take 0 when the secret has leaked, and at most a week.';
  return reject('INVALID_OVERLAP', `The overlap is to be 0 to ${LONGEST_OVERLAP_MINUTES} minutes.`, { fix });
}
