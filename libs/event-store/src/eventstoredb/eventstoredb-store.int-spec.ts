import { describeEventStore } from '../contract/describe-event-store.js';
import { openOnDouble, openOnServer } from './store-under-test.fixture.js';

/** A repeat with `any` or `exists` is recognised as long as the server remembers it, which is not for ever. */
const capabilities = { exactIdempotency: false, detectsOlderLog: true };

describeEventStore('EventStoreDB', () => openOnDouble(), capabilities);

const url = process.env['EVENTSTOREDB_URL'];
const describeLive = url === undefined ? describe.skip : describe;

describeLive('on a server of its own (needs EVENTSTOREDB_URL)', () => {
  describeEventStore('EventStoreDB', () => openOnServer(url ?? ''), capabilities);
});
