import type { NoticeNews } from '@runledger/contracts';
import type { Clock } from '@runledger/platform';
import { Webhook } from 'standardwebhooks';
import type { ChannelSecrets } from './channel-secrets.js';
import { DeliveryError, retryAfterIn } from './delivery-errors.js';
import type { Links } from './links.js';
import type { OutboundPost } from './outbound-post.js';
import type { Teller, Telling, Told } from './telling.js';

/** What messages to webhooks call what happened. */
const TYPES: Readonly<Record<NoticeNews, string>> = {
  REQUESTED: 'approval.requested',
  CHANGED: 'approval.changed',
  VOTED: 'approval.voted',
  ESCALATED: 'approval.escalated',
  DECIDED: 'approval.decided',
  WITHDRAWN: 'approval.withdrawn',
  RUN_FAILED: 'run.failed',
  RUN_BLOCKED: 'run.blocked',
  BUDGET_THRESHOLD: 'budget.threshold_reached',
  TEST: 'test',
};

/** Larger messages come without what the request shows; its hash and its link stay. */
const MOST_BYTES = 262_144;

export interface WebhookParts {
  readonly secrets: ChannelSecrets;
  readonly post: OutboundPost;
  readonly links: Links;
  readonly clock: Clock;
}

/**
 * Signed messages as the Standard Webhooks scheme has them (standardwebhooks.com): `webhook-id` is the notice's and stays the same
 * however often it is sent, the signature is HMAC-SHA-256 over `id.timestamp.body`.
 */
export class WebhookTeller implements Teller {
  constructor(private readonly parts: WebhookParts) {}

  async tell(telling: Telling): Promise<Told> {
    const { workspaceId, notice, channel } = telling;
    const body = this.#bodyOf(telling);
    const at = new Date(this.parts.clock.now());
    const headers = {
      'content-type': 'application/json; charset=utf-8',
      'user-agent': 'Runledger',
      'webhook-id': notice.noticeId,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
      'webhook-signature': await this.#signatures(workspaceId, notice.channelId, { id: notice.noticeId, at, body }),
    };
    const { status, retryAfter } = await this.parts.post.post(channel.settings.url ?? '', headers, body);
    if (status >= 200 && status < 300) return {};
    // 410 means: do not come again. A redirect is an answer of its own here, and no success.
    throw new DeliveryError(`HTTP_${status}`, `The webhook answered with status ${status}.`, {
      final: status === 410,
      retryAfterMs: retryAfterIn(retryAfter, at.getTime()),
    });
  }

  async #signatures(
    workspaceId: string,
    channelId: string,
    { id, at, body }: { readonly id: string; readonly at: Date; readonly body: string },
  ): Promise<string> {
    const kept = await this.parts.secrets.signing(workspaceId, channelId);
    if (!kept) throw new DeliveryError('NO_SECRET', 'The channel has no signing secret any more.', { final: true });
    const { current, previous } = kept;
    const isGood = previous !== undefined && Date.parse(previous.until) > at.getTime();
    const secrets = isGood ? [current, previous.secret] : [current];
    return secrets.map(secret => new Webhook(secret).sign(id, at, body)).join(' ');
  }

  #bodyOf({ workspaceId, notice, event, channel, started }: Telling): string {
    const { runId } = notice;
    const url = runId === undefined ? undefined : this.parts.links.run(runId);
    const around = {
      workspaceId,
      ...(started && { flow: { slug: started.flowSlug, name: started.flowName, version: started.flowVersion } }),
      ...(url !== undefined && { url }),
    };
    const facts: object = event?.data ?? { channel: channel.name };
    const message = (data: object) =>
      JSON.stringify({
        type: TYPES[notice.news],
        timestamp: event?.metadata.occurredAt ?? notice.queuedAt,
        data: { ...around, ...data },
      });
    const whole = message(facts);
    return Buffer.byteLength(whole) <= MOST_BYTES ? whole : message({ ...facts, shown: null });
  }
}
