import type { EventOf } from '@runledger/kernel';
import { z } from 'zod';
import { defineEvent } from './define-event.js';
import { integrationKind, integrationName } from './integration-kinds.js';
import { actorSchema, timestamp } from './values.js';

/** Something outside was connected, or connected anew. Names and settings only: secrets are in the vault. Stream `integration-<workspace key>`. */
export const IntegrationConnected = defineEvent({
  type: 'IntegrationConnected',
  version: 1,
  schema: z.strictObject({
    name: integrationName,
    kind: integrationKind,
    settings: z.record(z.string(), z.string()),
    /** The fields whose values are in the vault. */
    secrets: z.array(z.string()),
    by: actorSchema,
    connectedAt: timestamp,
  }),
});

/** Its secrets are destroyed; what needs it is blocked until it is connected again. */
export const IntegrationDisconnected = defineEvent({
  type: 'IntegrationDisconnected',
  version: 1,
  schema: z.strictObject({ name: integrationName, by: actorSchema, disconnectedAt: timestamp }),
});

/** What is outside refused it: a credential or an account has to be put right by people. */
export const IntegrationFailed = defineEvent({
  type: 'IntegrationFailed',
  version: 1,
  schema: z.strictObject({ name: integrationName, code: z.string(), message: z.string(), failedAt: timestamp }),
});

/** It was used again and worked. */
export const IntegrationRecovered = defineEvent({
  type: 'IntegrationRecovered',
  version: 1,
  schema: z.strictObject({ name: integrationName, recoveredAt: timestamp }),
});

export const integrationEvents = [
  IntegrationConnected,
  IntegrationDisconnected,
  IntegrationFailed,
  IntegrationRecovered,
] as const;
export type IntegrationEvent = EventOf<typeof integrationEvents>;
