import { z } from 'zod';
import { rateCard } from './billing.events.js';
import { defineCommand } from './define-command.js';
import { timestamp } from './values.js';

/** Publishes prices that hold from a date on. The same card and date again answer with the version that exists. */
export const PublishRateCard = defineCommand({
  service: 'billing',
  name: 'PublishRateCard',
  input: z.strictObject({ card: rateCard, effectiveFrom: timestamp }),
  output: z.strictObject({ version: z.int(), created: z.boolean() }),
  refusals: ['INVALID_RATE_CARD'],
});
