import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '@runledger/kernel';
import type { ConsumerLog } from '@runledger/messaging';
import type { Readiness } from '../health/readiness.js';

/** A part of the process did not end in time; the others were ended all the same. */
export class EndedTooSlowlyError extends Fault {
  constructor(part: string, withinMs: number) {
    super('ENDED_TOO_SLOWLY', `${part} did not end within ${withinMs} ms and was left behind.`, {
      fields: { part, withinMs },
    });
  }
}

/** Longer than any part takes that works: reactions, attempts and transactions have shorter bounds of their own. */
const PART_WITHIN_MS = 20_000;

interface Part {
  readonly name: string;
  readonly withinMs: number;
  end(): Promise<unknown>;
}

/**
 * Ends a process in order. First it says that it is not ready, and gives those who look some time to send their requests
 * elsewhere; then its parts end one by one, the last that was started first. Each has a bound, so one that hangs holds up
 * nothing but itself. Whatever fails, the rest is ended; the first failure is thrown at the end.
 */
export class OrderlyEnd {
  readonly #parts: Part[] = [];
  readonly #said: { readonly readiness: Readiness; readonly drainMs: number }[] = [];
  #ended: Promise<void> | undefined;

  constructor(private readonly log?: ConsumerLog) {}

  /** To be ended before everything that was added earlier. */
  add(name: string, end: () => Promise<unknown>, withinMs = PART_WITHIN_MS): void {
    this.#parts.push({ name, end, withinMs });
  }

  /** Turned off before anything ends; `drainMs` is for load balancers to notice. */
  announceTo(readiness: Readiness, drainMs = 0): void {
    this.#said.push({ readiness, drainMs });
  }

  /** May be called again: it ends once. */
  end(): Promise<void> {
    return (this.#ended ??= this.#endAll());
  }

  async #endAll(): Promise<void> {
    for (const { readiness } of this.#said) readiness.end();
    const drainMs = Math.max(0, ...this.#said.map(said => said.drainMs));
    if (drainMs > 0) await delay(drainMs);
    const failures: unknown[] = [];
    for (let part = this.#parts.pop(); part; part = this.#parts.pop()) {
      await inTime(part).catch((error: unknown) => {
        this.log?.warn({ part: part?.name, err: error }, 'a part of the process did not end well');
        failures.push(error);
      });
    }
    if (failures.length > 0) throw failures[0];
  }
}

async function inTime(part: Part): Promise<void> {
  const { name, withinMs } = part;
  const done = new AbortController();
  const late = delay(withinMs, true, { signal: done.signal }).catch(() => false);
  try {
    const isLate = await Promise.race([late, part.end().then(() => false)]);
    if (isLate) throw new EndedTooSlowlyError(name, withinMs);
  } finally {
    done.abort();
  }
}
