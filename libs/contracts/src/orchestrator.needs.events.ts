import type { EventOf } from '@runledger/kernel';
import { z } from 'zod';
import { defineEvent } from './define-event.js';
import { stepKey, timestamp } from './values.js';

const need = {
  runId: z.string(),
  step: stepKey,
  /** The name, or the kind, of the integration that is wanted. */
  name: z.string(),
};

/** A step is blocked for want of something that can be connected. Stream `needs-<workspace key>`. */
export const NeedNoted = defineEvent({
  type: 'NeedNoted',
  version: 1,
  schema: z.strictObject({ ...need, notedAt: timestamp }),
});

/** What the step wanted was connected: its run goes on, if nothing else holds it. */
export const NeedMet = defineEvent({
  type: 'NeedMet',
  version: 1,
  schema: z.strictObject({ ...need, metAt: timestamp }),
});

export const needsEvents = [NeedNoted, NeedMet] as const;
export type NeedsEvent = EventOf<typeof needsEvents>;
