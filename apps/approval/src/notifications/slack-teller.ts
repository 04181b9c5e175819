import type { CommandHandler } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';
import type { ChannelSecrets } from './channel-secrets.js';
import { DeliveryError } from './delivery-errors.js';
import type { Links } from './links.js';
import { followsRequest } from './notice-news.js';
import { notice } from './notice.decider.js';
import { requestNoticeId } from './notices.reactor.js';
import { slackClient, slackError } from './slack-client.js';
import { slackMessage } from './slack-message.js';
import type { SlackMessage } from './slack-message.js';
import type { Teller, Telling, Told } from './telling.js';
import { sealTicket } from './tickets.js';

export interface SlackTellerParts {
  readonly handler: CommandHandler;
  readonly secrets: ChannelSecrets;
  readonly links: Links;
  readonly apiUrl: string;
}

/** One message in Slack for each request; what becomes of the request changes that message. */
export class SlackTeller implements Teller {
  constructor(private readonly parts: SlackTellerParts) {}

  async tell(telling: Telling): Promise<Told> {
    const { workspaceId, notice: queued, channel, request } = telling;
    if (queued.news === 'REQUESTED' && request.status !== 'open') return { dropped: 'the request waits no more' };
    const earlier = followsRequest(queued.news) ? await this.#messageAbout(telling) : undefined;
    if (earlier === undefined && followsRequest(queued.news)) return { dropped: 'there is no message to change' };
    const kept = await this.parts.secrets.slack(workspaceId, queued.channelId);
    const key = await this.parts.secrets.ticketKey(workspaceId, queued.channelId);
    if (!kept || !key) throw new DeliveryError('NO_SECRET', 'The channel has no bot token any more.', { final: true });
    const message = slackMessage(telling, {
      seal: ticket => `${queued.channelId}.${sealTicket(key, queued.channelId, ticket)}`,
      runUrl: queued.runId === undefined ? undefined : this.parts.links.run(queued.runId),
    });
    const place = earlier ?? channel.settings.slackChannel ?? '';
    return this.#send(kept.botToken, place, message);
  }

  /** `place`: a channel, or a message in one as `channel/ts`. */
  async #send(botToken: string, place: string, { text, blocks }: SlackMessage): Promise<Told> {
    const client = slackClient(this.parts.apiUrl, botToken);
    const [channel = '', ts] = place.split('/');
    const message = { channel, text, blocks, unfurl_links: false, unfurl_media: false };
    try {
      const answer =
        ts === undefined ? await client.chat.postMessage(message) : await client.chat.update({ ...message, ts });
      return { reference: `${answer.channel ?? channel}/${answer.ts ?? ''}` };
    } catch (error) {
      const failure = slackError(error);
      if (failure.code === 'MESSAGE_NOT_FOUND') return { dropped: 'the message was deleted in Slack' };
      throw failure;
    }
  }

  async #messageAbout({ workspaceId, notice: { requestId = '', channelId } }: Telling): Promise<string | undefined> {
    const name = streamOf('notice', requestNoticeId(workspaceId, requestId, channelId));
    const { state } = await this.parts.handler.load(notice, { tenant: workspaceId, name });
    return state.status === 'delivered' ? state.reference : undefined;
  }
}
