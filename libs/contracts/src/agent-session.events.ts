import { z } from 'zod';
import { defineEvent } from './define-event.js';
import { entryPlace, timestamp } from './values.js';

/**
 * An agent that is not our own loop keeps a conversation; under this id it goes on with it after a restart. Of an agent at work elsewhere it
 * is recorded before that one is asked for, so that nobody begins a second one.
 */
export const AgentSessionOpened = defineEvent({
  type: 'AgentSessionOpened',
  version: 1,
  schema: z.strictObject({
    ...entryPlace,
    sessionId: z.string(),
    /** What it says that it is, as `Claude Code 2.1`. */
    program: z.string(),
    /** Of an agent at work elsewhere: where people can look at it. */
    url: z.string().optional(),
    /** Of an agent at work elsewhere that goes on: its last run before those of this attempt. */
    after: z.string().optional(),
    at: timestamp,
  }),
});
