/**
 * An engine in a process of its own: `node engine.worker.mjs <database URL> <shape> [<number>]`. With a number it is one of
 * several that share the work.
 */
import { openEngine } from './engine.mjs';
import { serve } from './processes.mjs';

const [databaseUrl, shape, number] = process.argv.slice(2);
const engine = await openEngine(databaseUrl, { shape, ...(number !== undefined && { member: Number(number) }) });
serve({ ...engine, runMany: engine.lanes });
