import { setTimeout as delay } from 'node:timers/promises';

const SHORTEST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 100;

/**
 * Repeats `attempt` until it neither throws nor answers `false`, and gives back its answer; after `timeoutMs` fails with the
 * last error. For what happens soon, but elsewhere. Who waits long looks less often, after a tenth of the time that has passed
 * (at least 20 ms, at most 100): else waiting is most of what the machine does, and what is waited for comes late.
 */
export async function eventually<T>(attempt: () => T | Promise<T>, timeoutMs = 60_000): Promise<T> {
  const startedAt = performance.now();
  for (;;) {
    try {
      const answer = await attempt();
      if (answer !== false) return answer;
      if (isOver()) throw new Error(`Still not so after ${timeoutMs} ms.`);
    } catch (error) {
      if (isOver()) throw error;
    }
    await delay(Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, elapsedMs() / 10)));
  }

  function elapsedMs(): number {
    return performance.now() - startedAt;
  }
  function isOver(): boolean {
    return elapsedMs() >= timeoutMs;
  }
}
