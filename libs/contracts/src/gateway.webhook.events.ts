import type { EventOf } from '@runledger/kernel';
import { z } from 'zod';
import { defineEvent } from './define-event.js';
import { scheduledStart } from './orchestrator.schedule.events.js';
import { actorSchema, timestamp } from './values.js';

const webhookId = z.string();

/** `GENERIC`: the Standard Webhooks scheme; `GITHUB`: pull requests, signed as GitHub signs. */
export const webhookKind = z.enum(['GENERIC', 'GITHUB']);
export type WebhookKind = z.infer<typeof webhookKind>;

/** Where in the payload the value of a parameter stands: RFC 6901, as `/pull_request/head/sha`. */
export const jsonPointer = z
  .string()
  .max(500)
  .regex(/^(\/([^~/]|~[01])*)*$/, 'a JSON pointer, as /pull_request/number');

/** Someone made an address that starts runs when a signed message comes. Its secret is not in the log. Stream `webhook-<key>`. */
export const WebhookCreated = defineEvent({
  type: 'WebhookCreated',
  version: 1,
  schema: z.strictObject({
    webhookId,
    name: z.string(),
    kind: webhookKind,
    /** Parameters here hold for every run; those of `mapping` come from the payload. */
    start: scheduledStart,
    mapping: z.record(z.string(), jsonPointer),
    /** What must have happened to a pull request. */
    actions: z.array(z.string()),
    createdBy: actorSchema,
    createdAt: timestamp,
  }),
});

/** Someone took the address away: what comes there is refused. Final. */
export const WebhookDeleted = defineEvent({
  type: 'WebhookDeleted',
  version: 1,
  schema: z.strictObject({ webhookId, by: actorSchema, deletedAt: timestamp }),
});

/** Someone had a new secret made. The one before it is good until then as well, so that the sender can be changed in peace. */
export const WebhookSecretRotated = defineEvent({
  type: 'WebhookSecretRotated',
  version: 1,
  schema: z.strictObject({ webhookId, previousUntil: timestamp, by: actorSchema, rotatedAt: timestamp }),
});

export const webhookEvents = [WebhookCreated, WebhookSecretRotated, WebhookDeleted] as const;
export type WebhookEvent = EventOf<typeof webhookEvents>;
