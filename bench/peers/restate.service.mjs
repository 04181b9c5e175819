/** A Restate service whose one handler journals ten steps, a small JSON each. */
import { createServer } from 'node:http2';
import * as restate from '@restatedev/restate-sdk';
import { STEPS } from './ten-steps.mjs';

const bench = restate.service({
  name: 'bench',
  handlers: {
    tenSteps: async context => {
      for (let step = 0; step < STEPS; step += 1) {
        await context.run(`s${step}`, () => Promise.resolve({ ok: true, summary: 'Done.' }));
      }
      return 'done';
    },
  },
});

const silent = { logger: () => undefined };
const handler = restate.endpoint().bind(bench).setLogger(silent.logger).http2Handler();
const server = createServer(handler);
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.once('disconnect', () => process.exit());
