import type { EventOf } from '@runledger/kernel';
import { z } from 'zod';
import { defineEvent } from './define-event.js';
import { actorSchema, timestamp } from './values.js';

/** From now on calls of a tool need no asking. Stream `grants-<workspace key>`. */
export const GrantMade = defineEvent({
  type: 'GrantMade',
  version: 1,
  schema: z.strictObject({
    grantId: z.string(),
    /** `run`: in this run only; `workspace`: in every run. */
    scope: z.enum(['run', 'workspace']),
    /** The run in which it was asked. */
    runId: z.string(),
    requestId: z.string(),
    tool: z.string(),
    /** Only calls whose main argument fits; left out: every call of the tool. */
    pattern: z.string().optional(),
    expiresAt: timestamp.optional(),
    by: actorSchema,
    madeAt: timestamp,
  }),
});

/** A grant counts no more; calls that it covered before stay as they are. */
export const GrantRevoked = defineEvent({
  type: 'GrantRevoked',
  version: 1,
  schema: z.strictObject({ grantId: z.string(), by: actorSchema, revokedAt: timestamp }),
});

export const grantEvents = [GrantMade, GrantRevoked] as const;
export type GrantEvent = EventOf<typeof grantEvents>;
export type Grant = ReturnType<typeof GrantMade>['data'];
