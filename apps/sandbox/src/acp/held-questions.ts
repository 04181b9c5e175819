import { setTimeout as delay } from 'node:timers/promises';
import type { AgentRun } from '../agent/agent-run.js';
import { AwaitingPeopleError } from '../attempt/people.js';

const LOOK_EVERY_MS = 250;

/**
 * Looks for what people have said for a while: so long a program is kept waiting as it is, and for as long as agents that it started are at work.
 * A sub-agent then waits while others work. Throws {@link AwaitingPeopleError}.
 */
export function heldFor({ stop, team }: Pick<AgentRun, 'stop' | 'team'>, holdMs: number, hasAgents = () => false) {
  return async <Found>(callId: string, look: () => Promise<Found | undefined>): Promise<Found> => {
    const { signal, pausing } = stop;
    for (const until = performance.now() + holdMs; performance.now() < until || hasAgents();) {
      if (signal.aborted || pausing.aborted) break;
      await delay(LOOK_EVERY_MS);
      const found = await look();
      if (found !== undefined) return found;
    }
    if (team) return team.whileOthersWork(callId, look);
    throw new AwaitingPeopleError(callId);
  };
}
