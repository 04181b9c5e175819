import type { RecordedEvent } from '@runledger/event-store';
import type { ConsumerProgress } from './consumer-progress.js';
import type { Delivery, Distribution, FollowOptions } from './distribution.js';

export interface LookAhead {
  readonly progress: ConsumerProgress;
  readonly source: Distribution;
  /** Left out, or empty: every type. */
  readonly types?: readonly string[];
  /** Which events of these types are wanted; left out: each. */
  readonly concerns?: (event: RecordedEvent) => boolean;
}

/**
 * A subscription tells only now and then that it passed events which nobody wants, so who waits for a position looks for himself:
 * when none is wanted behind the consumer, it has passed. Never throws.
 */
export async function lookAhead({ progress, source, ...wanted }: LookAhead, signal: AbortSignal): Promise<void> {
  const after = progress.status().position;
  const { types = [], concerns } = wanted;
  const filter = { ...(types.length > 0 && { types }), ...(concerns && { concerns }) };
  const next = await firstDelivery(source, { after, signal, batchSize: 1, ...filter });
  if (next && !next.events.some(event => concerns?.(event) ?? true)) progress.passOver(after, next.scannedTo);
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
