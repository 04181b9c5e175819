import { catalogue } from '@runledger/contracts';
import type { ChannelKind } from '@runledger/contracts';
import type { CommandHandler, EventStore, RecordedEvent } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';
import { reactionContext } from '@runledger/messaging';
import type { ConsumerLog } from '@runledger/messaging';
import type { Clock } from '@runledger/platform';
import { approval } from '../approvals/approval.decider.js';
import type { RunFacts } from '../approvals/run-facts.js';
import { pauseAfter } from './back-off.js';
import { channelBook } from './channel-books.js';
import type { Channel } from './channels.decider.js';
import type { CircuitBreaker } from './circuit-breaker.js';
import { DeliveryError } from './delivery-errors.js';
import { notice } from './notice.decider.js';
import type { Queued, TryOutcome } from './notice.decider.js';
import { APPROVAL_ACTOR } from './notices.reactor.js';
import type { Teller, Telling } from './telling.js';

export interface CourierParts {
  readonly store: EventStore;
  readonly handler: CommandHandler;
  readonly facts: RunFacts;
  readonly clock: Clock;
  readonly breaker: CircuitBreaker;
  readonly tellers: Readonly<Record<ChannelKind, Teller>>;
  readonly log: ConsumerLog;
}

/**
 * Tries to hand over one notice and writes down what came of it. A process that dies in between tries again with the same id: the
 * other side is told at least once (R2), and whoever keeps ids counts it once.
 */
export class Courier {
  constructor(private readonly parts: CourierParts) {}

  /** `cause` is the event that makes the notice due. */
  async deliver(cause: RecordedEvent, noticeId: string, attempt: number): Promise<void> {
    const { handler, clock } = this.parts;
    const stream = streamOf('notice', noticeId);
    const { state } = await handler.load(notice, { tenant: cause.tenant, name: stream });
    if (state.status !== 'waiting' || state.attempt !== attempt) return;
    const outcome = await this.#try(cause.tenant, state.notice, attempt);
    const now = clock.now();
    const context = reactionContext(cause, { reactor: `approval.sender/${attempt}`, actor: APPROVAL_ACTOR, now });
    await handler.handle(notice, stream, { type: 'Tried', attempt, outcome, at: now }, context);
  }

  async #try(tenant: string, queued: Queued, attempt: number): Promise<TryOutcome> {
    const channel = (await channelBook(this.parts.handler, tenant)).get(queued.channelId);
    if (!channel || channel.state !== 'open') {
      return { kind: 'dropped', reason: `the channel is ${channel?.state ?? 'gone'}` };
    }
    const nowMs = Date.parse(this.parts.clock.now());
    const openUntil = this.parts.breaker.openUntil(channel.channelId, nowMs);
    if (openUntil !== undefined) return this.#failed(resting(openUntil - nowMs), attempt);
    try {
      const told = await this.parts.tellers[channel.kind].tell(await this.#telling(tenant, queued, channel));
      this.parts.breaker.succeeded(channel.channelId);
      return 'dropped' in told ? { kind: 'dropped', reason: told.dropped } : { kind: 'delivered', ...told };
    } catch (error) {
      if (!(error instanceof DeliveryError)) throw error;
      const { retryAfterMs } = error;
      if (!error.final) {
        this.parts.breaker.failed(channel.channelId, nowMs, retryAfterMs === undefined ? 0 : nowMs + retryAfterMs);
      }
      this.parts.log.warn({ notice: queued.noticeId, attempt, code: error.code }, 'a notice was not taken');
      return this.#failed(error, attempt);
    }
  }

  #failed({ code, message, final, retryAfterMs = 0 }: DeliveryError, attempt: number): TryOutcome {
    const pauseMs = Math.max(retryAfterMs, pauseAfter(attempt));
    const nextTryAt = new Date(Date.parse(this.parts.clock.now()) + pauseMs).toISOString();
    return { kind: 'failed', error: { code, message: message.slice(0, 1_000) }, final, nextTryAt };
  }

  async #telling(workspaceId: string, queued: Queued, channel: Channel): Promise<Telling> {
    const { runId, requestId } = queued;
    const name = requestId === undefined ? undefined : streamOf('approval', requestId);
    const request =
      name === undefined ? undefined : await this.parts.handler.load(approval, { tenant: workspaceId, name });
    return {
      ...{ workspaceId, notice: queued, channel },
      event: await this.#source(workspaceId, queued),
      started: runId === undefined ? undefined : await this.parts.facts.started(workspaceId, runId),
      request: request?.state ?? { status: 'absent' },
    };
  }

  async #source(tenant: string, { source }: Queued): Promise<RecordedEvent | undefined> {
    if (!source) return undefined;
    const slice = await this.parts.store.readStream(
      { tenant, name: source.stream },
      { from: source.revision, limit: 1 },
    );
    const [event] = slice.events;
    return event && { ...event, data: catalogue.upcast(event.type, event.metadata.schemaVersion, event.data) };
  }
}

function resting(forMs: number): DeliveryError {
  return new DeliveryError('CHANNEL_RESTS', 'The channel took no messages lately and is left alone for a while.', {
    retryAfterMs: forMs,
  });
}
