import type { EventOf } from '@runledger/kernel';
import { z } from 'zod';
import { defineEvent } from './define-event.js';
import { concurrencyRule } from './flow-definition.js';
import { timestamp } from './values.js';

const runId = z.string();

/** A run waits for its turn among those with the same concurrency key. Stream `queue-<hash of the key>`. */
export const QueueJoined = defineEvent({
  type: 'QueueJoined',
  version: 1,
  schema: z.strictObject({
    key: z.string(),
    runId,
    policy: concurrencyRule.shape.policy,
    /** Runs that were there before it and are cancelled in its favour. */
    cancels: z.array(runId),
    joinedAt: timestamp,
  }),
});

/** It is this run's turn: until it ends, no other of its queue begins. */
export const QueueTurnCame = defineEvent({
  type: 'QueueTurnCame',
  version: 1,
  schema: z.strictObject({ key: z.string(), runId, cameAt: timestamp }),
});

/** The run does without a turn, because another run of the queue has not ended and its flow wants it skipped then. */
export const QueueTurnedAway = defineEvent({
  type: 'QueueTurnedAway',
  version: 1,
  schema: z.strictObject({ key: z.string(), runId, behind: runId, turnedAwayAt: timestamp }),
});

/** The run has ended, and with it its place in the queue. */
export const QueueLeft = defineEvent({
  type: 'QueueLeft',
  version: 1,
  schema: z.strictObject({ key: z.string(), runId, leftAt: timestamp }),
});

export const queueEvents = [QueueJoined, QueueTurnCame, QueueTurnedAway, QueueLeft] as const;
export type QueueEvent = EventOf<typeof queueEvents>;
