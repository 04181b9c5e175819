import { setTimeout as delay } from 'node:timers/promises';

/**
 * Repeats `attempt` every 20 ms until it neither throws nor answers `false`, and gives back its answer; after `timeoutMs`
 * fails with the last error. For what happens soon, but elsewhere.
 */
export async function eventually<T>(attempt: () => T | Promise<T>, timeoutMs = 10_000): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      const answer = await attempt();
      if (answer !== false) return answer;
      if (Date.now() >= deadline) throw new Error(`Still not so after ${timeoutMs} ms.`);
    } catch (error) {
      if (Date.now() >= deadline) throw error;
    }
    await delay(20);
  }
}
