/**
 * What `npm run eventstoredb-double` runs: the double of EventStoreDB for trying things out, until Ctrl-C. Its log is in memory
 * and ends with it.
 *
 *   npm run eventstoredb-double -- --port 2113      default: a free port
 */
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { startEventStoreDouble } from './event-store-double.js';

const HELP = `npm run eventstoredb-double -- [--port 2113]

Serves a double of EventStoreDB for trying things out, until Ctrl-C. Its log is in memory and ends with it.

  --port    where it listens, on loopback; default: a free port`;

const double = await startEventStoreDouble({ port: portOf(process.argv.slice(2)) }).catch((error: unknown) => {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exit(1);
});
process.stdout.write(`A double of EventStoreDB, with its log in memory, serves at
  ${double.connectionString}
Whatever is written there is gone when it ends. Ctrl-C ends it.
`);
await Promise.race(['SIGINT', 'SIGTERM', 'SIGHUP'].map(signal => once(process, signal)));
await double.stop();

function portOf(args: string[]): number {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(`${HELP}\n`);
    process.exit(0);
  }
  try {
    const { port = '0' } = parseArgs({ args, options: { port: { type: 'string' } } }).values;
    if (/^\d{1,5}$/.test(port) && Number(port) <= 65_535) return Number(port);
    throw new Error(`${port} is no port`);
  } catch (error) {
    return misused(error);
  }
}

/** What was wrong in one line, and how it is right. */
function misused(error: unknown): never {
  process.stderr.write(`${(error as Error).message}.\n\n${HELP}\n`);
  process.exit(2);
}
