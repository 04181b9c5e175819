/** Runs `work` so often, so many at once, and sums up. */
import { percentiles } from '../rounds.mjs';

export const STEPS = 10;

export async function timed(runs, inFlight, work) {
  const latencies = [];
  const started = performance.now();
  let next = 0;
  const lane = async () => {
    while (next < runs) {
      next += 1;
      const begun = performance.now();
      await work();
      latencies.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  const seconds = (performance.now() - started) / 1_000;
  return { stepsPerSecond: (runs * STEPS) / seconds, ...percentiles(latencies) };
}
