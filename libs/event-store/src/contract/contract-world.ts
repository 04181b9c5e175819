import { newUuid } from '../commands/event-ids.js';
import type { EventStore, NewEvent, RecordedEvent, StreamRef, SubscribeOptions, SubscriptionBatch } from '../port.js';

/** What an adapter can do beyond what every adapter must do. */
export interface StoreCapabilities {
  /**
   * A repeated append is recognised with every expected form, and ids that are partly stored already are a fault.
   * Without it only repeats with no-stream or an exact revision are recognised.
   */
  readonly exactIdempotency: boolean;
  /** A position beyond the end of the log is refused with code `LOG_BEHIND`. */
  readonly detectsOlderLog: boolean;
}

/** A store of the suite’s own. `another` opens the same log as another process would; `close` ends them all. */
export interface StoreUnderTest {
  readonly store: EventStore;
  another(): EventStore;
  close(): Promise<void>;
}

/** What the parts of the suite share: the store is there once `beforeAll` has run. */
export interface ContractWorld {
  readonly store: EventStore;
  readonly another: EventStore;
  readonly capabilities: StoreCapabilities;
}

let streams = 0;

/** A stream that nothing was written to, in a tenant of its own. */
export function freshStream(category = 'thing'): StreamRef {
  streams += 1;
  const key = newUuid();
  return { tenant: `ws_${key}`, name: `${category}-${key}.${streams}` };
}

export function anEvent(
  more: Partial<Omit<NewEvent, 'metadata'>> & { readonly correlationId?: string } = {},
): NewEvent {
  const { correlationId = 'run_contract', ...event } = more;
  return {
    id: newUuid(),
    type: 'SomethingHappened',
    data: { note: 'as it was' },
    metadata: {
      correlationId,
      causationId: 'a-command',
      actor: { kind: 'system', id: 'contract' },
      workspaceId: 'ws_contract',
      occurredAt: '2026-01-05T09:30:00.000Z',
      schemaVersion: 1,
    },
    ...event,
  };
}

export function events(count: number, more: Parameters<typeof anEvent>[0] = {}): NewEvent[] {
  return Array.from({ length: count }, () => anEvent(more));
}

export const idsOf = (list: readonly { readonly id: string }[]): string[] => list.map(({ id }) => id);

/** Follows a subscription until `enough` says so, then ends it; answers all batches. Fails after a minute. */
export async function follow(
  store: EventStore,
  options: Omit<SubscribeOptions, 'signal'>,
  enough: (events: readonly RecordedEvent[], batches: readonly SubscriptionBatch[]) => boolean,
): Promise<{ readonly events: RecordedEvent[]; readonly batches: SubscriptionBatch[] }> {
  const ending = new AbortController();
  const timer = setTimeout(() => ending.abort(), 60_000);
  const seen: RecordedEvent[] = [];
  const batches: SubscriptionBatch[] = [];
  for await (const batch of store.subscribe({ ...options, signal: ending.signal })) {
    seen.push(...batch.events);
    batches.push(batch);
    if (enough(seen, batches)) ending.abort();
  }
  clearTimeout(timer);
  return { events: seen, batches };
}
