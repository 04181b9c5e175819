import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { GATEWAY_OPTIONS, type GatewayOptions } from '../gateway.config.js';
import { READ_MODEL_SOURCE } from '../reads/read-model-source.js';
import { openSecret, sealSecret } from './webhook-secret.js';
import { WebhookRow } from './webhooks.entity.js';
import type { WebhookView } from './webhooks.projection.js';

export interface KnownWebhook {
  readonly view: WebhookView;
  readonly secret: string;
}

/** Reads webhooks, and keeps what the log must not have: their secrets, sealed, and which messages came. */
@Injectable()
export class WebhookStore {
  constructor(
    @Inject(READ_MODEL_SOURCE) private readonly rows: DataSource,
    @Inject(GATEWAY_OPTIONS) private readonly options: Pick<GatewayOptions, 'pepper'>,
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
    const [found] = await this.rows.query<{ sealed: Buffer }[]>(
      'SELECT sealed FROM webhook_secrets WHERE webhook_id = $1',
      [webhookId],
    );
    if (!row || !found) return undefined;
    return { view: row.view, secret: openSecret(this.options.pepper, webhookId, found.sealed) };
  }

  async keepSecret(webhookId: string, secret: string): Promise<void> {
    const sealed = sealSecret(this.options.pepper, webhookId, secret);
    await this.rows.query('INSERT INTO webhook_secrets (webhook_id, sealed) VALUES ($1, $2)', [webhookId, sealed]);
  }

  async forget(webhookId: string): Promise<void> {
    for (const table of ['webhook_secrets', 'webhook_messages']) {
      await this.rows.query(`DELETE FROM ${table} WHERE webhook_id = $1`, [webhookId]);
    }
  }

  /** Under which delivery this very body came first: where the delivery is not signed, a repeated body is the same message. */
  async firstDelivery(webhookId: string, body: Buffer, deliveryId: string): Promise<string> {
    const digest = createHash('sha256').update(body).digest();
    const [row] = await this.rows.query<{ delivery_id: string }[]>(
      `INSERT INTO webhook_messages AS known (webhook_id, body_sha256, delivery_id) VALUES ($1, $2, $3)
       ON CONFLICT (webhook_id, body_sha256) DO UPDATE SET delivery_id = known.delivery_id RETURNING delivery_id`,
      [webhookId, digest, deliveryId],
    );
    return row?.delivery_id ?? deliveryId;
  }
}
