import { pause } from '@runledger/event-store';
import type { Position } from '@runledger/event-store';
import type { ConsumerLog } from './consumer-log.js';
import type { Delivery, Distribution, FollowOptions } from './distribution.js';
import type { Pace } from './pace.js';
import { isUsedUp, retryDelayMs } from './retry.js';
import type { RetryPolicy } from './retry.js';

export interface FollowLogOptions extends FollowOptions {
  readonly consumer: string;
  readonly retry: RetryPolicy;
  readonly log: ConsumerLog;
  /** How it rests when it has come to the end of the log; left out: not at all. */
  readonly pace?: Pace;
}

/**
 * Deliveries without end: a subscription that breaks is taken up again behind the last delivery, and events that came
 * already are dropped. Throws the last failure when nothing could be read for as long as the policy allows.
 */
export async function* followLog(source: Distribution, options: FollowLogOptions): AsyncGenerator<Delivery, void> {
  let after = options.after;
  let failures = 0;
  while (!options.signal.aborted) {
    try {
      for await (const delivery of source.subscribe(subscription(options, after))) {
        failures = 0;
        const fresh = newerThan(delivery, after);
        after = fresh.scannedTo;
        yield fresh;
        await restAfter(fresh, options);
      }
    } catch (error) {
      failures += 1;
      if (options.signal.aborted) return;
      if (isUsedUp(options.retry, error, failures)) throw error;
      options.log.warn({ consumer: options.consumer, after, err: error }, 'subscription broke; it is taken up again');
    }
    await pause(retryDelayMs(options.retry, Math.max(failures, 1)), options.signal);
  }
}

/** Where there is a backlog there is no rest, and who was only told how far the log was scanned has done nothing. */
async function restAfter({ caughtUp, events }: Delivery, { pace, signal }: FollowLogOptions): Promise<void> {
  if (caughtUp && events.length > 0) await pace?.rest(signal);
}

function subscription(options: FollowLogOptions, after: Position): FollowOptions {
  const { consumer: _consumer, retry: _retry, log: _log, pace: _pace, ...wanted } = options;
  return { ...wanted, after };
}

function newerThan(delivery: Delivery, after: Position): Delivery {
  const first = delivery.events[0];
  const repeated = first !== undefined && first.position <= after;
  const events = repeated ? delivery.events.filter(event => event.position > after) : delivery.events;
  const scannedTo = delivery.scannedTo > after ? delivery.scannedTo : after;
  return { events, scannedTo, caughtUp: delivery.caughtUp };
}
