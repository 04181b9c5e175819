import type { EventOf } from '@runledger/kernel';
import { z } from 'zod';
import { defineEvent } from './define-event.js';
import { actorSchema, timestamp } from './values.js';

export const environmentName = z.string().min(1).max(200);
export const environmentHealth = z.enum(['HEALTHY', 'UNHEALTHY']);
export type EnvironmentHealth = z.infer<typeof environmentHealth>;

/** Someone who watches over an environment found that its health has changed. Stream `environment-<hash of the name>`. */
export const EnvironmentHealthChanged = defineEvent({
  type: 'EnvironmentHealthChanged',
  version: 1,
  schema: z.strictObject({
    environment: environmentName,
    health: environmentHealth,
    reason: z.string().optional(),
    reportedBy: actorSchema,
    changedAt: timestamp,
  }),
});

export const environmentEvents = [EnvironmentHealthChanged] as const;
export type EnvironmentEvent = EventOf<typeof environmentEvents>;
