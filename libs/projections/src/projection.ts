import type { RecordedEvent } from '@runledger/event-store';
import type { EntityManager } from 'typeorm';

/**
 * Events → rows. The runner hands over batches in log order inside one transaction and commits rows and checkpoint
 * together (P1); `apply` writes through `rows` only. It must depend on nothing but the events and its own rows, so that a
 * rebuild gives the same bytes (P2).
 */
export interface Projection {
  /** Names its checkpoint; never rename it. */
  readonly name: string;
  /** Raise to rebuild from the first event. */
  readonly version: number;
  readonly types: readonly string[];
  /** Tables that are emptied before a rebuild, schema-qualified. */
  readonly tables: readonly string[];
  /** Data arrives upcast to today's version. */
  apply(events: readonly RecordedEvent[], rows: EntityManager): Promise<void>;
}
