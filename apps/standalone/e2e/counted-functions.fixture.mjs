/** What steps of the platform under test call: it counts itself beside the programs, with its key, and can be died in (see crash-point). */
import { appendFileSync } from 'node:fs';
import { pass } from './crash-point.fixture.mjs';

export default {
  count: ({ as }, { idempotencyKey }) => {
    pass('work of a function', 'before');
    appendFileSync(process.env.COUNTED_CALLS, `${as} ${idempotencyKey}\n`);
    pass('work of a function', 'after');
    return { summary: `${as} was counted.` };
  },
};
