import type { NoticeNews, NoticeRecipient, NoticeTopic } from '@runledger/contracts';
import { derivedId } from '@runledger/event-store';
import type { Actor, CommandHandler, RecordedEvent } from '@runledger/event-store';
import { idOf, streamOf } from '@runledger/kernel';
import { reactionContext } from '@runledger/messaging';
import type { Reactor } from '@runledger/messaging';
import type { Clock } from '@runledger/platform';
import { approval } from '../approvals/approval.decider.js';
import type { RunFacts } from '../approvals/run-facts.js';
import type { Channel } from './channels.decider.js';
import { CurrentBooks } from './current-books.js';
import { NEWS, placeOf, saysSomething, TOPIC_OF_KIND } from './notice-news.js';
import type { NewsPlace } from './notice-news.js';
import { notice } from './notice.decider.js';
import type { Queued } from './notice.decider.js';
import type { Recipients } from './recipients.js';

const NAME = 'approval.notices';
export const APPROVAL_ACTOR: Actor = { kind: 'service', id: 'approval' };

export interface NoticesParts {
  readonly handler: CommandHandler;
  readonly facts: RunFacts;
  readonly recipients: Recipients;
  readonly clock: Clock;
}

interface Happened extends NewsPlace {
  readonly news: NoticeNews;
  readonly topic: NoticeTopic;
}

/** Something happened that people wait for → a notice for each channel that wants to know it. */
export class NoticesReactor implements Reactor {
  readonly name = NAME;
  readonly types = Object.keys(NEWS);

  readonly #books: CurrentBooks;

  constructor(private readonly parts: NoticesParts) {
    this.#books = new CurrentBooks(parts.handler);
  }

  async react(event: RecordedEvent): Promise<void> {
    const news = NEWS[event.type];
    if (news === undefined) return;
    const open = await this.#openChannels(event);
    if (open.length === 0) return;
    const place = placeOf(event);
    const topic = await this.#topicOf(event, news, place);
    if (topic === undefined) return;
    const happened = { ...place, news, topic };
    for (const channel of open)
      if (await this.#wants(channel, event, happened)) await this.#queue(channel, event, happened);
  }

  /** A channel is told nothing that happened before there was one: a log that is read again tells nobody anything. */
  async #openChannels(event: RecordedEvent): Promise<Channel[]> {
    const book = await this.#books.at(event);
    const isOpen = ({ state, addedAt }: Channel) => state === 'open' && addedAt <= event.metadata.occurredAt;
    return [...book.values()].filter(isOpen);
  }

  async #topicOf(event: RecordedEvent, news: NoticeNews, place: NewsPlace): Promise<NoticeTopic | undefined> {
    if (news === 'RUN_FAILED' || news === 'RUN_BLOCKED') return news;
    if (news === 'BUDGET_THRESHOLD') return 'BUDGET';
    if (place.requestId === undefined) return undefined;
    const name = streamOf('approval', place.requestId);
    const { state } = await this.parts.handler.load(approval, { tenant: event.tenant, name });
    return state.status === 'absent' ? undefined : TOPIC_OF_KIND[state.request.kind];
  }

  async #wants(
    { kind, about, flows }: Channel,
    event: RecordedEvent,
    { news, topic, runId }: Happened,
  ): Promise<boolean> {
    if (!saysSomething(kind, news) || !about.includes(topic)) return false;
    if (flows === undefined) return true;
    const started = runId === undefined ? undefined : await this.parts.facts.started(event.tenant, runId);
    return started !== undefined && flows.includes(started.flowSlug);
  }

  async #queue(channel: Channel, event: RecordedEvent, happened: Happened): Promise<void> {
    const { channelId, kind } = channel;
    const { topic: _topic, ...said } = happened;
    const source = { stream: event.stream, revision: event.revision };
    for (const to of await this.#recipientsOf(channel, event, said)) {
      const noticeId = noticeIdOf(event, channelId, { ...said, to });
      const queuedAt = this.parts.clock.now();
      const data: Queued = { noticeId, channelId, kind, ...said, ...(to && { to }), source, queuedAt };
      const context = reactionContext(event, { reactor: `${NAME}/${noticeId}`, actor: APPROVAL_ACTOR, now: queuedAt });
      await this.parts.handler.begin(notice, streamOf('notice', noticeId), { type: 'Queue', data }, context);
    }
  }

  #recipientsOf(
    channel: Channel,
    event: RecordedEvent,
    { requestId }: NewsPlace,
  ): Promise<readonly (NoticeRecipient | undefined)[]> {
    if (channel.kind !== 'EMAIL') return Promise.resolve([undefined]);
    return this.parts.recipients.of(channel, event.tenant, requestId);
  }
}

/** The message about a request itself is found again by request and channel: what follows in Slack changes that one. */
export function requestNoticeId(tenant: string, requestId: string, channelId: string): string {
  return idOf('ntc', derivedId(`${tenant}/${requestId}`, channelId, 0));
}

function noticeIdOf(
  event: RecordedEvent,
  channelId: string,
  { news, requestId, to }: Pick<Queued, 'news' | 'requestId'> & { readonly to: NoticeRecipient | undefined },
): string {
  if (news === 'REQUESTED' && requestId !== undefined && to === undefined) {
    return requestNoticeId(event.tenant, requestId, channelId);
  }
  return idOf('ntc', derivedId(event.id, `${channelId}/${JSON.stringify(to ?? null)}`, 0));
}
