import type { RecordedEvent } from '@runledger/event-store';
import type { ConsumerLog, ConsumerStatus, RetryPolicy } from '@runledger/messaging';
import type { Changes } from './changes.js';

/** How a host runs its projections. */
export interface ProjectionSettings {
  /** Most events in one transaction. */
  readonly batchSize: number;
  readonly retry: RetryPolicy;
  readonly log: ConsumerLog;
  readonly changes?: Changes;
  readonly onFault?: (status: ConsumerStatus) => void;
  readonly upcast: (event: RecordedEvent) => RecordedEvent;
}
