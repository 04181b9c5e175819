import { pause } from '@runledger/event-store';
import type { Position } from '@runledger/event-store';
import type { ConsumerProgress } from './consumer-progress.js';
import type { Delivery, Distribution, FollowOptions } from './distribution.js';

const FIRST_LOOK_MS = 5;
const LONGEST_PAUSE_MS = 200;

export interface Reaching {
  readonly progress: ConsumerProgress;
  readonly source: Distribution;
  /** Empty: every type. */
  readonly types: readonly string[];
}

/**
 * Waits until the consumer has dealt with everything at or before `position`. A subscription tells only now and then that it
 * passed events which nobody wants, so a waiter looks for itself: when none is wanted behind the consumer, it has passed.
 */
export async function reached({ progress, source, types }: Reaching, position: Position): Promise<void> {
  const waiting = new AbortController();
  const arrival = progress.reached(position).finally(() => waiting.abort());
  const look = lookAhead({ progress, source, types }, waiting.signal);
  await Promise.all([arrival, look]);
}

async function lookAhead({ progress, source, types }: Reaching, signal: AbortSignal): Promise<void> {
  for (let pauseMs = FIRST_LOOK_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)) {
    await pause(pauseMs, signal);
    if (signal.aborted) return;
    const after = progress.status().position;
    const next = await firstDelivery(source, {
      after,
      signal,
      batchSize: 1,
      ...(types.length === 0 ? {} : { types }),
    });
    if (next?.events.length === 0) progress.moveTo(next.scannedTo);
  }
}

/** Undefined when the log cannot be read: the consumer's own subscription meets the same failure and reports it. */
async function firstDelivery(source: Distribution, options: FollowOptions): Promise<Delivery | undefined> {
  try {
    for await (const delivery of source.subscribe(options)) return delivery;
  } catch {
    return undefined;
  }
  return undefined;
}
