import type { Clock } from './commands/command-client.js';

let last = { ms: 0, text: '' };

/** The time of this machine. It is written out once for all that happens in one millisecond. */
export const systemClock: Clock = {
  now: () => {
    const ms = Date.now();
    if (ms !== last.ms) last = { ms, text: new Date(ms).toISOString() };
    return last.text;
  },
};
