import { setTimeout as delay } from 'node:timers/promises';
import { AwaitingPeopleError } from '../attempt/people.js';
import type { StepRun } from '../attempt/step-run.js';

const LOOK_EVERY_MS = 250;

/** Looks for what people have said for a while: so long a program is kept waiting as it is. Throws {@link AwaitingPeopleError}. */
export function heldFor({ stop }: Pick<StepRun, 'stop'>, holdMs: number) {
  return async <Found>(callId: string, look: () => Promise<Found | undefined>): Promise<Found> => {
    const { signal, pausing } = stop;
    for (const until = performance.now() + holdMs; performance.now() < until;) {
      if (signal.aborted || pausing.aborted) break;
      await delay(LOOK_EVERY_MS);
      const found = await look();
      if (found !== undefined) return found;
    }
    throw new AwaitingPeopleError(callId);
  };
}
