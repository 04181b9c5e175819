/**
 * DBOS as its quick start has it: workflows started and awaited in the process that runs them. Ten steps, a small JSON each.
 * `node dbos.worker.mjs <database URL> [<number of this process among several>]`
 */
import { randomUUID } from 'node:crypto';
import { DBOS } from '@dbos-inc/dbos-sdk';
import { inLanes, serve } from '../processes.mjs';
import { STEPS } from './ten-steps.mjs';

const tenSteps = DBOS.registerWorkflow(
  async () => {
    for (let step = 0; step < STEPS; step += 1) {
      await DBOS.runStep(() => Promise.resolve({ ok: true, summary: 'Done.' }), { name: `s${step}` });
    }
  },
  { name: 'tenSteps' },
);

const [systemDatabaseUrl, number = '0'] = process.argv.slice(2);
DBOS.setConfig({
  name: 'bench',
  systemDatabaseUrl,
  executorID: `bench-${number}`,
  logLevel: 'error',
  runAdminServer: false,
});
await DBOS.launch();

const run = async () => (await DBOS.startWorkflow(tenSteps, { workflowID: randomUUID() })()).getResult();
serve({ runMany: (runs, inFlight) => inLanes(runs, inFlight, STEPS, run), close: () => DBOS.shutdown() });
