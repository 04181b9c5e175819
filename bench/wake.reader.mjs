/** The other process of wake.mjs: follows the log and reports when it saw which event. */
import { createPostgresEventStore } from '@runledger/event-store';

const store = createPostgresEventStore({ connectionString: process.argv[2] });
const ending = new AbortController();
process.once('disconnect', () => ending.abort());

const after = await store.head();
for await (const batch of store.subscribe({ after, signal: ending.signal })) {
  const at = String(process.hrtime.bigint());
  if (batch.reachedHead) process.send('ready');
  if (batch.events.length > 0) process.send(batch.events.map(({ id }) => [id, at]));
}
await store.close();
