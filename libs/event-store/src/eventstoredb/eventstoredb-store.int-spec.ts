import { describeEventStore } from '../contract/describe-event-store.js';
import { openOnDouble } from './store-under-test.fixture.js';

/** A repeat with `any` or `exists` is recognised as long as the server remembers it, which is not for ever. */
const capabilities = { exactIdempotency: false, detectsOlderLog: true };

describeEventStore('EventStoreDB', () => openOnDouble(), capabilities);
