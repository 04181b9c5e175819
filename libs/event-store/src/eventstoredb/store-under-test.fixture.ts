import { startEventStoreDouble } from '@runledger/testing';
import type { EventStoreDouble, EventStoreDoubleOptions } from '@runledger/testing';
import type { StoreUnderTest } from '../contract/describe-event-store.js';
import type { EventStore } from '../port.js';
import { createEventStoreDbStore } from './eventstoredb-store.js';
import type { EventStoreDbStoreOptions } from './eventstoredb-store.js';

type StoreOptions = Partial<EventStoreDbStoreOptions>;

export interface DoubleUnderTest extends StoreUnderTest {
  readonly double: EventStoreDouble;
  /** Opens one more store; closed with the rest. */
  openStore(more?: StoreOptions): EventStore;
}

/** A store on a server double of its own. */
export async function openOnDouble(
  options: StoreOptions = {},
  doubleOptions: EventStoreDoubleOptions = {},
): Promise<DoubleUnderTest> {
  const double = await startEventStoreDouble(doubleOptions);
  const { openStore, closeAll } = storesOn(double.connectionString, options);
  return {
    double,
    openStore,
    store: openStore(),
    another: () => openStore(),
    close: async () => {
      await closeAll();
      await double.stop();
    },
  };
}

/** Stores on a server that runs already; its log need not be empty. */
export function openOnServer(connectionString: string): Promise<StoreUnderTest> {
  const { openStore, closeAll } = storesOn(connectionString, {});
  return Promise.resolve({ store: openStore(), another: () => openStore(), close: closeAll });
}

function storesOn(connectionString: string, options: StoreOptions) {
  const stores: EventStore[] = [];
  return {
    openStore: (more: StoreOptions = {}): EventStore => {
      const store = createEventStoreDbStore({ connectionString, ...options, ...more });
      stores.push(store);
      return store;
    },
    closeAll: async (): Promise<void> => {
      await Promise.all(stores.map(store => store.close()));
    },
  };
}
