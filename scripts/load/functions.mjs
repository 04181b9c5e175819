/** What steps of the load call. */
import { appendFileSync } from 'node:fs';

export default {
  count: (_input, { runId, step }) => appendFileSync(process.env.LOAD_COUNTS, `${runId} ${step}\n`),
};
