import { z } from 'zod';
import { defineEvent } from './define-event.js';
import { entryPlace, timestamp } from './values.js';

/** An agent that is a program of its own has begun to keep a conversation; under this id it goes on with it after a restart. */
export const AgentSessionOpened = defineEvent({
  type: 'AgentSessionOpened',
  version: 1,
  schema: z.strictObject({
    ...entryPlace,
    sessionId: z.string(),
    /** What it says that it is, as `Claude Code 2.1`. */
    program: z.string(),
    at: timestamp,
  }),
});
