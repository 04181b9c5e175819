import { timeLimited } from '@runledger/event-store';
import { SandboxStalledError, SandboxUnavailableError } from './sandbox-faults.js';

/** Most that it may take until a program stands in a view of the machine: it takes milliseconds. */
export const ANSWER_MS = 30_000;
const MOST_TRIES = 10;

/**
 * Makes a view of the whole machine with bwrap, again if need be. bwrap binds every mount of the machine, lists them, and then sets
 * the flags of each: one that goes in between, as that of a container does which ends, makes it give up. Nothing is wrong with the
 * machine then, and the next try finds other mounts. Whatever else it complains of stays a fault, and so does what remains.
 */
export async function despiteMountsThatGo<T>(make: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await make();
    } catch (error) {
      const mayBeGone = error instanceof SandboxUnavailableError && error.message.includes("bwrap: Can't bind mount ");
      if (!mayBeGone || tries === MOST_TRIES) throw error;
    }
  }
}

export interface AwaitedProgram {
  readonly limitMs: number;
  /** Ends it, should it not answer. */
  readonly kill: () => void;
}

/** What a program says that was just started; throws {@link SandboxStalledError} when it says nothing: nobody waits for ever (R4). */
export function answerOf<T>(said: Promise<T>, { limitMs, kill }: AwaitedProgram): Promise<T> {
  return timeLimited(said, limitMs, () => {
    kill();
    return new SandboxStalledError(`a program that was started for it said nothing for ${limitMs} ms`);
  });
}
