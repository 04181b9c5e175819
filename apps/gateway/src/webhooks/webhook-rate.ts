import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '@runledger/platform';
import { DataSource } from 'typeorm';
import { GATEWAY_OPTIONS, WEBHOOK_LIMITS, type GatewayOptions } from '../gateway.config.js';
import { READ_MODEL_SOURCE } from '../reads/read-model-source.js';

const MINUTE_MS = 60_000;

/**
 * How fast messages come to each webhook: as many as fit into a minute may come at once, and room for one more comes back
 * with each part of the minute. Kept in PostgreSQL, so that it holds for all gateways together.
 *
 * The generic cell rate algorithm (ITU-T I.371): one time for each webhook, `due`, at which everything that came would be
 * worked off at the steady rate; a message is taken when that is less than a minute ahead.
 */
@Injectable()
export class WebhookRate {
  readonly #perMinute: number;

  constructor(
    @Inject(READ_MODEL_SOURCE) private readonly rows: DataSource,
    @Inject(GATEWAY_OPTIONS) { webhooks = WEBHOOK_LIMITS }: Pick<GatewayOptions, 'webhooks'>,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.#perMinute = webhooks.perMinute;
  }

  /** Counts a message. Answers how many ms to wait when it is too many; 0: it is taken. */
  async take(webhookId: string): Promise<number> {
    const now = Date.parse(this.clock.now());
    const eachMs = MINUTE_MS / this.#perMinute;
    const [taken] = await this.rows.query<object[]>(
      `INSERT INTO webhook_rates AS known (webhook_id, due) VALUES ($1, to_timestamp($2 / 1000.0::float8))
       ON CONFLICT (webhook_id) DO UPDATE SET due = greatest(known.due + $3 * interval '1 ms', excluded.due)
       WHERE known.due <= to_timestamp($4 / 1000.0::float8) RETURNING webhook_id`,
      [webhookId, now + eachMs, eachMs, now + MINUTE_MS - eachMs],
    );
    return taken ? 0 : this.#waitMs(webhookId, now + MINUTE_MS - eachMs);
  }

  async #waitMs(webhookId: string, latest: number): Promise<number> {
    const query = 'SELECT extract(epoch FROM due)::float8 * 1000 AS due FROM webhook_rates WHERE webhook_id = $1';
    const [known] = await this.rows.query<{ due: number }[]>(query, [webhookId]);
    return Math.max(1, (known?.due ?? latest) - latest);
  }
}
