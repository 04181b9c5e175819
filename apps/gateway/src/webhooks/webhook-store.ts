import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { CLOCK, type Clock } from '@runledger/platform';
import { GATEWAY_OPTIONS, WEBHOOK_LIMITS, type GatewayOptions } from '../gateway.config.js';
import { READ_MODEL_SOURCE } from '../reads/read-model-source.js';
import { openSecret, sealSecret } from './webhook-secret.js';
import { WebhookRow } from './webhooks.entity.js';
import type { WebhookView } from './webhooks.projection.js';

export interface KnownWebhook {
  readonly view: WebhookView;
  /** With which messages may be signed now: the newest, and the one before it while that is good as well. */
  readonly secrets: readonly string[];
}

const DAY_MS = 86_400_000;
/** More than come, so that a table that was let grow gets smaller. */
const FORGOTTEN_AT_ONCE = 100;

/** Reads webhooks, and keeps what the log must not have: their secrets, sealed, and which messages came. */
@Injectable()
export class WebhookStore {
  constructor(
    @Inject(READ_MODEL_SOURCE) private readonly rows: DataSource,
    @Inject(GATEWAY_OPTIONS) private readonly options: Pick<GatewayOptions, 'pepper' | 'webhooks'>,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Oldest first. */
  async list(workspaceId: string): Promise<WebhookView[]> {
    const found = await this.rows
      .getRepository(WebhookRow)
      .find({ where: { workspaceId }, order: { createdAt: 'ASC' } });
    return found.map(({ view }) => view);
  }

  async find(webhookId: string): Promise<KnownWebhook | undefined> {
    const row = await this.rows.getRepository(WebhookRow).findOneBy({ key: webhookId });
    const [found] = await this.rows.query<{ sealed: Buffer; previous: Buffer | null }[]>(
      `SELECT sealed, CASE WHEN previous_until > $2 THEN previous END AS previous
       FROM webhook_secrets WHERE webhook_id = $1`,
      [webhookId, this.clock.now()],
    );
    if (!row || !found) return undefined;
    const sealed = found.previous ? [found.sealed, found.previous] : [found.sealed];
    return { view: row.view, secrets: sealed.map(each => openSecret(this.options.pepper, webhookId, each)) };
  }

  async keepSecret(webhookId: string, secret: string): Promise<void> {
    const sealed = sealSecret(this.options.pepper, webhookId, secret);
    await this.rows.query('INSERT INTO webhook_secrets (webhook_id, sealed) VALUES ($1, $2)', [webhookId, sealed]);
  }

  /** Puts a secret in the place of the one that there is, which goes on being good until then. */
  async rotateSecret(webhookId: string, secret: string, previousUntil: string): Promise<void> {
    const sealed = sealSecret(this.options.pepper, webhookId, secret);
    await this.rows.query(
      'UPDATE webhook_secrets SET previous = sealed, previous_until = $3, sealed = $2 WHERE webhook_id = $1',
      [webhookId, sealed, previousUntil],
    );
  }

  async forget(webhookId: string): Promise<void> {
    for (const table of ['webhook_secrets', 'webhook_messages', 'webhook_rates']) {
      await this.rows.query(`DELETE FROM ${table} WHERE webhook_id = $1`, [webhookId]);
    }
  }

  /**
   * Under which delivery this very body came first: where the delivery is not signed, a repeated body is the same message,
   * for as many days as messages are kept.
   */
  async firstDelivery(webhookId: string, body: Buffer, deliveryId: string): Promise<string> {
    const digest = createHash('sha256').update(body).digest();
    const now = this.clock.now();
    await this.#forgetBefore(now);
    const [row] = await this.rows.query<{ delivery_id: string }[]>(
      `INSERT INTO webhook_messages AS known (webhook_id, body_sha256, delivery_id, received_at) VALUES ($1, $2, $3, $4)
       ON CONFLICT (webhook_id, body_sha256) DO UPDATE SET delivery_id = known.delivery_id RETURNING delivery_id`,
      [webhookId, digest, deliveryId, now],
    );
    return row?.delivery_id ?? deliveryId;
  }

  /** Whatever webhook the old messages came to. Gateways that do this at the same time leave each other's alone. */
  async #forgetBefore(now: string): Promise<void> {
    const { keptDays } = this.options.webhooks ?? WEBHOOK_LIMITS;
    await this.rows.query(
      `DELETE FROM webhook_messages WHERE (webhook_id, body_sha256) IN (
         SELECT webhook_id, body_sha256 FROM webhook_messages WHERE received_at < $1
         ORDER BY received_at LIMIT ${FORGOTTEN_AT_ONCE} FOR UPDATE SKIP LOCKED)`,
      [new Date(Date.parse(now) - keptDays * DAY_MS)],
    );
  }
}
