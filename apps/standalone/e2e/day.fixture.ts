import { setTimeout as delay } from 'node:timers/promises';

const DAY_MS = 86_400_000;

/** What is counted by the day is expected on one: waits for the next one (UTC) where this one is over in less than `neededMs`. */
export async function enoughOfTheDay(neededMs = 120_000): Promise<void> {
  const leftMs = DAY_MS - (Date.now() % DAY_MS);
  if (leftMs < neededMs) await delay(leftMs);
}
