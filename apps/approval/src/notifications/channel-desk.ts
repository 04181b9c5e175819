import { NoticeQueued } from '@runledger/contracts';
import type {
  AddChannel,
  InputOf,
  OutputOf,
  RefusalOf,
  RotateChannelSecret,
  SteerChannel,
  TestChannel,
} from '@runledger/contracts';
import { derivedId } from '@runledger/event-store';
import type { Accepted, CommandContext, CommandHandler } from '@runledger/event-store';
import { canonicalJson, idOf, streamOf } from '@runledger/kernel';
import type { Rejection } from '@runledger/kernel';
import type { CommandOutcome } from '@runledger/platform';
import { channelBook, channelsStream } from './channel-books.js';
import { channelProblems } from './channel-rules.js';
import { mintSigningSecret } from './channel-secrets.js';
import type { ChannelSecrets } from './channel-secrets.js';
import { channels, unknownChannel } from './channels.decider.js';
import type { ChannelBook, ChannelCommand } from './channels.decider.js';
import { notice } from './notice.decider.js';
import type { OutboundPost } from './outbound-post.js';
import type { Recipients } from './recipients.js';

type Answer<Command> = CommandOutcome<OutputOf<Command>, RefusalOf<Command>>;

export interface ChannelDeskParts {
  readonly handler: CommandHandler;
  readonly secrets: ChannelSecrets;
  readonly post: OutboundPost;
  readonly recipients: Recipients;
  readonly sendsMail: boolean;
}

const MINUTE_MS = 60_000;

/** Answers what administrators do with channels: names and settings go into a stream, secrets into the vault. */
export class ChannelDesk {
  constructor(private readonly parts: ChannelDeskParts) {}

  /** The secrets are kept first, so that no channel is without them. */
  async add(input: InputOf<typeof AddChannel>, context: CommandContext): Promise<Answer<typeof AddChannel>> {
    const { secrets: _kept, ...said } = input;
    const { workspaceId, actor: by, occurredAt: addedAt } = context;
    const channelId = idOf('chn', derivedId(context.commandId, 'channel', 0));
    const problems = channelProblems(input, this.parts.post, this.parts.sendsMail);
    if (problems.length === 0) await this.#keepSecrets(workspaceId, channelId, input);
    const data = { ...stated(said), channelId, by, addedAt };
    const outcome = await this.#handle({ type: 'Add', data, problems }, context);
    if (outcome.status === 'refused') return refusedAs(outcome.refusal, 'INVALID_CHANNEL');
    const signing = await this.parts.secrets.signing(workspaceId, channelId);
    const output = { channelId, ...(signing && { signingSecret: signing.current }) };
    return { status: 'accepted', output, position: outcome.position };
  }

  async steer(input: InputOf<typeof SteerChannel>, context: CommandContext): Promise<Answer<typeof SteerChannel>> {
    const { channelId, verb } = input;
    const outcome = await this.#handle(steering(input, context), context);
    if (outcome.status === 'refused') return refusedAs(outcome.refusal, 'CHANNEL_NOT_FOUND');
    if (verb === 'REMOVE') await this.parts.secrets.forget(context.workspaceId, channelId);
    return { status: 'accepted', output: { channelId }, position: outcome.position };
  }

  /**
   * It is said first and kept then: who gets no answer because the process ended in between goes on with the secret that there
   * was, and asks again. The same command once more is answered with what it has made: another secret would end the overlap of the
   * one that receivers still check with. When somebody else has rotated it since, it makes none either, and says the one that holds.
   */
  async rotate(
    { channelId, overlapMinutes }: InputOf<typeof RotateChannelSecret>,
    context: CommandContext,
  ): Promise<Answer<typeof RotateChannelSecret>> {
    const { workspaceId, commandId: madeBy, actor: by, occurredAt: rotatedAt } = context;
    const until = new Date(Date.parse(rotatedAt) + overlapMinutes * MINUTE_MS).toISOString();
    const data = { channelId, rotationId: madeBy, previousUntil: until, by, rotatedAt };
    const outcome = await this.#handle({ type: 'RotateSecret', data }, context);
    if (outcome.status === 'refused') return refusedAs(outcome.refusal, 'CHANNEL_NOT_FOUND', 'NO_SIGNING_SECRET');
    const before = await this.parts.secrets.signing(workspaceId, channelId);
    const isMade = before?.madeBy === madeBy || isSuperseded(outcome, channelId);
    const signingSecret = before && isMade ? before.current : mintSigningSecret();
    if (signingSecret !== before?.current) {
      await this.parts.secrets.rotate(workspaceId, channelId, {
        ...{ current: signingSecret, madeBy },
        ...(before && overlapMinutes > 0 && { previous: { secret: before.current, until } }),
      });
    }
    return { status: 'accepted', output: { channelId, signingSecret }, position: outcome.position };
  }

  async test({ channelId }: InputOf<typeof TestChannel>, context: CommandContext): Promise<Answer<typeof TestChannel>> {
    const { workspaceId, commandId, occurredAt: queuedAt } = context;
    const channel = (await channelBook(this.parts.handler, workspaceId)).get(channelId);
    if (!channel || channel.state === 'removed') return { status: 'refused', refusal: unknownChannel(channelId) };
    const { kind } = channel;
    const all = kind === 'EMAIL' ? await this.parts.recipients.of(channel, workspaceId, undefined) : [undefined];
    const noticeIds: string[] = [];
    let position: bigint | undefined;
    for (const to of all) {
      const noticeId = idOf('ntc', derivedId(commandId, JSON.stringify(to ?? null), 0));
      const { data } = NoticeQueued({ noticeId, channelId, kind, news: 'TEST', ...(to && { to }), queuedAt });
      const outcome = await this.parts.handler.handle(
        notice,
        streamOf('notice', noticeId),
        { type: 'Queue', data },
        context,
      );
      noticeIds.push(noticeId);
      if (outcome.status === 'accepted') position = outcome.position;
    }
    return { status: 'accepted', output: { channelId, noticeIds }, position };
  }

  async #keepSecrets(workspaceId: string, channelId: string, given: InputOf<typeof AddChannel>): Promise<void> {
    const signing = given.kind === 'WEBHOOK' ? { signing: JSON.stringify({ current: mintSigningSecret() }) } : {};
    await this.parts.secrets.keep(workspaceId, channelId, { ...given.secrets, ...signing });
  }

  #handle(command: ChannelCommand, context: CommandContext) {
    return this.parts.handler.handle(channels, channelsStream(context.workspaceId), command, context);
  }
}

/** Whether another rotation came behind the one of this command. */
function isSuperseded({ events, state }: Accepted<ChannelBook>, channelId: string): boolean {
  const [own] = events;
  const last = state.get(channelId)?.rotated;
  return own !== undefined && last !== undefined && canonicalJson(own.data) !== canonicalJson(last);
}

function steering({ channelId, verb }: InputOf<typeof SteerChannel>, context: CommandContext): ChannelCommand {
  const { actor: by, occurredAt: at } = context;
  switch (verb) {
    case 'PAUSE':
      return { type: 'Pause', data: { channelId, by, pausedAt: at } };
    case 'RESUME':
      return { type: 'Resume', data: { channelId, by, resumedAt: at } };
    case 'REMOVE':
      return { type: 'Remove', data: { channelId, by, removedAt: at } };
  }
}

/** Without members that are present but undefined. */
function stated<T extends object>(input: T): T {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)) as T;
}

/** A refusal as one of those that the command can have; the decider has no other for it. */
function refusedAs<Code extends string>(refusal: Rejection, ...codes: readonly Code[]) {
  const rejected = codes.find(code => code === refusal.rejected);
  if (rejected === undefined) throw new TypeError(`This cannot be refused with ${refusal.rejected}.`);
  return { status: 'refused' as const, refusal: { ...refusal, rejected } };
}
