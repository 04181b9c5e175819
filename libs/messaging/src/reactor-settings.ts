import type { RecordedEvent } from '@runledger/event-store';
import type { ConsumerLog } from './consumer-log.js';
import type { ConsumerStatus } from './reactor.js';
import type { RetryPolicy } from './retry.js';

/** How a host runs its reactors. */
export interface ReactorSettings {
  /** Events of one reactor that are taken up and not done, at most. */
  readonly maxInFlight: number;
  /** Partitions of one reactor with something under way, at most. */
  readonly maxPartitions: number;
  readonly checkpointEveryMs: number;
  /** How long a stop waits for reactions that are under way. */
  readonly stopTimeoutMs: number;
  /** How often a reactor that has parked events looks whether people want something of them. */
  readonly parkedLookMs: number;
  readonly retry: RetryPolicy;
  readonly log: ConsumerLog;
  readonly onFault?: (status: ConsumerStatus) => void;
  readonly upcast: (event: RecordedEvent) => RecordedEvent;
}
