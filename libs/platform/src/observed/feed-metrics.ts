import type { Distribution } from '@runledger/messaging';
import type { KafkaDistribution, TopicFeedStatus } from '@runledger/messaging/kafka';
import type { Metrics } from '../metrics/metrics.js';

const WAYS = {
  topic: 'fromTopic',
  store: 'fromStore',
  repaired: 'repaired',
  repeated: 'repeated',
  foreign: 'foreign',
} as const satisfies Record<string, keyof TopicFeedStatus>;

/** Shows in the metrics how events reach this process, when Kafka brings them. */
export function showFeed(distribution: Distribution | undefined, metrics: Metrics): void {
  if (!isKafka(distribution)) return;
  const events = metrics.counter('feedEvents');
  const onTopic = metrics.gauge('feedOnTopic');
  metrics.sample('feed', () => {
    const status = distribution.status();
    if (!status) return;
    onTopic.set(status.from === 'topic' ? 1 : 0);
    events.reset();
    for (const [way, count] of Object.entries(WAYS)) events.inc({ way }, status[count]);
  });
}

function isKafka(distribution: Distribution | undefined): distribution is KafkaDistribution {
  return distribution !== undefined && 'status' in distribution;
}
