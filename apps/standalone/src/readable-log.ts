import { catalogue } from '@runledger/contracts';
import type { EventStore } from '@runledger/event-store';
import { PersonalData, personalStore, SubjectKeys } from '@runledger/platform';
import type { Pool } from 'pg';

/** The log as services read and write it, for commands beside them: what is personal is opened here, where it may be. */
export function readableLog(store: EventStore, pool: Pool): EventStore {
  return personalStore(store, new PersonalData(new SubjectKeys(pool), catalogue));
}
