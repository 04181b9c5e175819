import { setTimeout as delay } from 'node:timers/promises';
import { newUuid } from '@runledger/event-store';
import { attemptId } from '@runledger/kernel';
import { percentiles } from './figures.mjs';

export const TENANT = 'ws_default';
const STEP = 'soak';
const WIDE_EVERY_MS = 100;
const WIDE_BYTES = 100_000;
const TELL_EVERY_MS = 10_000;

/**
 * Appends events at a steady pace, in turn to each run but the last, and large ones to that one where there are readers who stop reading.
 * Each carries when it was appended, by the machine's monotonic clock.
 */
export class Writer {
  #appendMs = [];
  #waiting = new Set();
  #failed;

  constructor(store, runIds, plan) {
    this.store = store;
    this.narrow = runIds.slice(0, -1);
    this.wide = runIds.at(-1);
    this.plan = plan;
  }

  async write(tell) {
    const { rate, forMs, slow } = this.plan;
    const began = performance.now();
    let [written, wide, told] = [0, 0, began];
    for (let now = began; now - began < forMs && !this.#failed; now = performance.now()) {
      for (const due = ((now - began) * rate) / 1_000; written < due; written += 1) {
        this.#append(this.narrow[written % this.narrow.length], '');
      }
      for (; slow > 0 && wide * WIDE_EVERY_MS < now - began; wide += 1) this.#append(this.wide, 'x'.repeat(WIDE_BYTES));
      if (now - told > TELL_EVERY_MS) {
        told = now;
        tell(`${Math.round((now - began) / 1_000)} s: ${written} events`);
      }
      await delay(2);
    }
    await Promise.all(this.#waiting);
    if (this.#failed) throw this.#failed;
    const took = (performance.now() - began) / 1_000;
    return { events: written + wide, perSecond: (written + wide) / took, appendMs: percentiles(this.#appendMs) };
  }

  #append(runId, more) {
    const appended = this.#appendOne(runId, more)
      .catch(error => (this.#failed = error))
      .finally(() => this.#waiting.delete(appended));
    this.#waiting.add(appended);
  }

  async #appendOne(runId, more) {
    const [begun, at] = [performance.now(), new Date().toISOString()];
    const text = `${process.hrtime.bigint()};${more}`;
    const data = { attemptId: attemptId(runId, STEP, 1), runId, step: STEP, attempt: 1, entryId: 'e0', text, at };
    const metadata = {
      ...{ correlationId: runId, causationId: 'soak', actor: { kind: 'system', id: 'soak' } },
      ...{ workspaceId: TENANT, occurredAt: at, schemaVersion: 1 },
    };
    const stream = { tenant: TENANT, name: `attempt-${runId.slice(4)}.${STEP}.1` };
    const outcome = await this.store.append(stream, [{ id: newUuid(), type: 'AgentText', data, metadata }], 'any');
    if (outcome.status !== 'appended') throw new Error(`An event was not appended: ${outcome.status}.`);
    this.#appendMs.push(performance.now() - begun);
  }
}

/** What the log holds of each run, in its order: ids of all events, and what was said. */
export async function truthOf(store, runIds) {
  const truth = {};
  for (const runId of runIds) {
    const [ids, texts] = [[], []];
    for (let after = 0n, caughtUp = false; !caughtUp;) {
      const slice = await store.readAll({ tenant: TENANT, correlationId: runId, after, limit: 500 });
      ids.push(...slice.events.map(({ id }) => id));
      texts.push(...slice.events.filter(({ type }) => type === 'AgentText').map(({ data }) => data.text));
      ({ scannedTo: after, caughtUp } = slice);
    }
    truth[runId] = { ids, said: texts.join('') };
  }
  return truth;
}
