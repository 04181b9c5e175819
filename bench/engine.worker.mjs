/** One of the processes that share the work of an engine: `node engine.worker.mjs <database URL> <executor> <number>`. */
import { openEngine } from './engine.mjs';
import { serve } from './processes.mjs';

const [databaseUrl, executor, number] = process.argv.slice(2);
const engine = await openEngine(databaseUrl, { executor, member: Number(number) });
serve({ ...engine, runMany: engine.lanes });
