/** DBOS as its quick start has it: workflows started and awaited in the process that runs them. Ten steps, a small JSON each. */
import { randomUUID } from 'node:crypto';
import { DBOS } from '@dbos-inc/dbos-sdk';
import { STEPS, timed } from './ten-steps.mjs';

const tenSteps = DBOS.registerWorkflow(
  async () => {
    for (let step = 0; step < STEPS; step += 1) {
      await DBOS.runStep(() => Promise.resolve({ ok: true, summary: 'Done.' }), { name: `s${step}` });
    }
  },
  { name: 'tenSteps' },
);

DBOS.setConfig({ name: 'bench', systemDatabaseUrl: process.argv[2], logLevel: 'error', runAdminServer: false });
await DBOS.launch();

process.on('message', async ({ runs, inFlight }) => {
  const run = async () => (await DBOS.startWorkflow(tenSteps, { workflowID: randomUUID() })()).getResult();
  process.send(await timed(runs, inFlight, run));
});
process.once('disconnect', () => void DBOS.shutdown().finally(() => process.exit()));
process.send('ready');
