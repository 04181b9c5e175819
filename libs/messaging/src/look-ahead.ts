import type { ConsumerProgress } from './consumer-progress.js';
import type { Delivery, Distribution, FollowOptions } from './distribution.js';

export interface LookAhead {
  readonly progress: ConsumerProgress;
  readonly source: Distribution;
  /** Empty: every type. */
  readonly types: readonly string[];
}

/**
 * A subscription tells only now and then that it passed events which nobody wants, so who waits for a position looks for himself:
 * when none is wanted behind the consumer, it has passed. Never throws.
 */
export async function lookAhead({ progress, source, types }: LookAhead, signal: AbortSignal): Promise<void> {
  const after = progress.status().position;
  const next = await firstDelivery(source, { after, signal, batchSize: 1, ...(types.length === 0 ? {} : { types }) });
  if (next?.events.length === 0) progress.passOver(after, next.scannedTo);
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
