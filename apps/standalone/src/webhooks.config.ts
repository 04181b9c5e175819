import type { WebhookLimits } from '@runledger/gateway';
import { parseConfig } from '@runledger/platform';
import { z } from 'zod';

const schema = z.object({
  WEBHOOK_MESSAGES_KEPT_DAYS: z.coerce
    .number()
    .int()
    .min(1)
    .max(3_650)
    .default(30)
    .describe('for how many days a message of GitHub that comes again is known, for the gateway'),
  WEBHOOK_MESSAGES_PER_MINUTE: z.coerce
    .number()
    .int()
    .min(1)
    .max(60_000)
    .default(300)
    .describe('how many messages each webhook takes in a minute, for the gateway'),
});
export { schema as webhookVariables };

export function readWebhooksConfig(environment = process.env): WebhookLimits {
  const values = parseConfig(schema, environment);
  return { keptDays: values.WEBHOOK_MESSAGES_KEPT_DAYS, perMinute: values.WEBHOOK_MESSAGES_PER_MINUTE };
}
