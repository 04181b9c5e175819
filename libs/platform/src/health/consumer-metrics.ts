import type { ConsumerStatus } from '@runledger/messaging';
import type { Metrics } from '../metrics/metrics.js';
import type { Consumers } from './consumers.js';

const STATES: readonly ConsumerStatus['state'][] = ['catching-up', 'live', 'faulted', 'stopped'];

/** Shows the consumers of this process in its metrics, as they stand when these are read. */
export function showConsumers(consumers: Consumers, metrics: Metrics): void {
  const state = metrics.gauge('consumerState');
  const position = metrics.gauge('consumerPosition');
  const parked = metrics.gauge('consumerParked');
  const partitions = metrics.gauge('consumerPartitions');
  metrics.sample('consumer-states', () => {
    for (const gauge of [state, position, parked, partitions]) gauge.reset();
    for (const { kind, status } of consumers.statuses()) {
      const labels = { kind, consumer: status.name };
      position.set(labels, Number(status.position));
      if (status.parked !== undefined) parked.set(labels, status.parked);
      if (status.partitions !== undefined) partitions.set(labels, status.partitions.length);
      for (const one of STATES) state.set({ ...labels, state: one }, status.state === one ? 1 : 0);
    }
  });
  const lag = metrics.gauge('consumerLag');
  const seconds = metrics.gauge('consumerLagSeconds');
  metrics.sample('consumer-lag', async () => {
    const reports = await consumers.report();
    lag.reset();
    seconds.reset();
    for (const { kind, status, ...behind } of reports) {
      const labels = { kind, consumer: status.name };
      lag.set(labels, Number(behind.lag));
      seconds.set(labels, behind.lagSeconds);
    }
  });
}
