import type { Clock } from './commands/command-client.js';

/** The time of this machine. */
export const systemClock: Clock = { now: () => new Date().toISOString() };
