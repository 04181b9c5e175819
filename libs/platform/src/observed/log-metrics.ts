import type { EventStore } from '@runledger/event-store';
import type { Metrics } from '../metrics/metrics.js';

/** Shows the log in the metrics: its head, and what open appends hold back where the store knows it. */
export function showLog(store: EventStore, metrics: Metrics): void {
  const head = metrics.gauge('logHead');
  metrics.sample('log-head', async () => head.set(Number(await store.head())));
  if (!store.openAppends) return;
  const gap = metrics.gauge('settledGap');
  const oldest = metrics.gauge('oldestOpenAppend');
  metrics.sample('log-gap', async () => {
    const open = await store.openAppends?.();
    if (!open) return;
    gap.set(Number(open.given - open.settled));
    oldest.set(open.oldestSeconds);
  });
}
