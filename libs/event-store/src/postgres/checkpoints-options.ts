import type { EventStore } from '../port.js';

export interface PostgresCheckpointsOptions {
  /** Schema that `migrateEventStore` made; default `runledger`. */
  readonly schema?: string;
  /** The log that the checkpoints speak of, when it is another than the one in the same schema. */
  readonly log?: Pick<EventStore, 'identity' | 'head' | 'readAll'>;
}
