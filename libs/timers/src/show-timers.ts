import type { Metrics, Readiness } from '@runledger/platform';
import type { TimerObserver } from './port.js';
import type { PostgresTimers } from './postgres/postgres-timers.js';

/** Counts the firings of a process. */
function timerObserver(metrics: Metrics): TimerObserver {
  const lateness = metrics.histogram('timersLateness');
  const failed = metrics.counter('timersFailed');
  return {
    fired: (timer, lateMs) => lateness.observe({ timer }, lateMs / 1_000),
    failed: (timer, outcome) => failed.inc({ timer, outcome }),
  };
}

/** Shows how the timers of a service stand in its metrics and, when a person should look at some, in its health. */
export function showTimers(timers: PostgresTimers, metrics: Metrics, readiness: Readiness): void {
  const { service: queue } = timers;
  timers.observe(timerObserver(metrics));
  metrics.sample(`timers ${queue}`, async () => {
    const { due, lagMs, parked } = await timers.standing();
    metrics.gauge('timersDue').set({ queue }, due);
    metrics.gauge('timersLag').set({ queue }, lagMs / 1_000);
    metrics.gauge('timersParked').set({ queue }, parked);
  });
  readiness.add(`timers-${queue}`, async () => {
    const { parked } = await timers.standing();
    return parked === 0 ? { ok: true } : { ok: true, message: `${parked} timers are parked` };
  });
}
