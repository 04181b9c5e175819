/** The functions that the load's steps call. Each call counts itself in the file CHAOS_CALLS, a line when it begins and one when it ends. */
import { randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** `failing`: how many attempts fail. */
async function counted({ runId, step, attempt, idempotencyKey: key }, { ms, failing }) {
  const call = randomUUID();
  const note = what => {
    const line = { what, call, key, runId, step, attempt, at: Date.now(), pid: process.pid };
    appendFileSync(process.env.CHAOS_CALLS, `${JSON.stringify(line)}\n`);
  };
  note('begins');
  await delay(ms);
  if (attempt <= failing) throw new Error(`Attempt ${attempt} fails, as it is to.`);
  note('ends');
  return { summary: `Counted by ${call}.`, output: { call } };
}

export default {
  count: ({ ms }, call) => counted(call, { ms, failing: 0 }),
  falter: ({ fate }, call) => counted(call, { ms: 20, failing: fate === 'throws' ? Infinity : 1 }),
};
