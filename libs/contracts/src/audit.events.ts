import type { EventOf } from '@runledger/kernel';
import { z } from 'zod';
import { defineEvent } from './define-event.js';
import { timestamp } from './values.js';

/** Events of the installation as a whole belong to this tenant, which no workspace can be. */
export const INSTALLATION = 'installation';

/** From here on checkpoints of the log are signed with this key. Stream `audit-keys` of the installation. */
export const AuditKeyChanged = defineEvent({
  type: 'AuditKeyChanged',
  version: 1,
  schema: z.strictObject({
    /** Name, id and public key (C2SP signed-note). */
    key: z.string(),
    /** The signed note with which the key before it handed over; the first key has none. */
    statement: z.string().optional(),
    changedAt: timestamp,
  }),
});

export const auditEvents = [AuditKeyChanged] as const;
export type AuditEvent = EventOf<typeof auditEvents>;
