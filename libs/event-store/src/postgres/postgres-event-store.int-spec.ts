import { describeEventStore } from '../contract/describe-event-store.js';
import { openPostgres } from './store-under-test.fixture.js';

const capabilities = { exactIdempotency: true, detectsOlderLog: true };

describeEventStore('PostgreSQL', openPostgres, capabilities);
describeEventStore(
  'PostgreSQL, serialized, in a schema of its own',
  () => openPostgres({ serialize: true, schema: 'other_log' }),
  capabilities,
);
