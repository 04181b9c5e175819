import type { RecordedEvent } from '@runledger/event-store';
import type { ConsumerLog, ConsumerStatus, Distribution, Leases, RetryPolicy } from '@runledger/messaging';
import type { Changes } from './changes.js';
import type { RebuildParts } from './shadow/rebuild.js';

/** How a host runs its projections. */
export interface ProjectionSettings {
  /** Most events in one transaction. */
  readonly batchSize: number;
  /** Rest between two batches of a projection that keeps up and says nothing else. */
  readonly restMs: number;
  readonly retry: RetryPolicy;
  readonly log: ConsumerLog;
  readonly changes?: Changes;
  readonly onFault?: (status: ConsumerStatus) => void;
  readonly upcast: (event: RecordedEvent) => RecordedEvent;
}

/** What a projection runs with. */
export interface ProjectionParts extends RebuildParts {
  readonly source: Distribution;
  readonly leases: Leases;
  readonly settings: ProjectionSettings;
}
