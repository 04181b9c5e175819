/**
 * What `npm run eventstoredb-double` runs: the double of EventStoreDB for trying things out, until Ctrl-C. Its log is in memory
 * and ends with it.
 *
 *   npm run eventstoredb-double -- --port 2113      default: a free port
 */
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { startEventStoreDouble } from './event-store-double.js';

const { values } = parseArgs({ options: { port: { type: 'string' } } });
const double = await startEventStoreDouble({ port: Number(values.port ?? 0) });
process.stdout.write(`A double of EventStoreDB, with its log in memory, serves at
  ${double.connectionString}
Whatever is written there is gone when it ends. Ctrl-C ends it.
`);
await Promise.race(['SIGINT', 'SIGTERM', 'SIGHUP'].map(signal => once(process, signal)));
await double.stop();
