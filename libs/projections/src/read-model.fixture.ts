import type { Delivery, Distribution, FollowOptions } from '@runledger/messaging';
import { LogBehindError } from '@runledger/event-store';
import type { AllSlice, Position, ReadAllOptions, RecordedEvent } from '@runledger/event-store';
import { defineEvent, EventCatalogue } from '@runledger/kernel';
import type { EventOf } from '@runledger/kernel';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { defineRows } from './define-rows.js';
import { defineView } from './define-view.js';

const shape = <T>() => ({ parse: (input: unknown) => input as T });

export const OrderPlaced = defineEvent({
  type: 'OrderPlaced',
  version: 2,
  schema: shape<{ order: string; customer: string; note?: string }>(),
  upcast: { 1: (old: { order: string; by: string }) => ({ order: old.order, customer: old.by }) },
});
export const ItemAdded = defineEvent({
  type: 'ItemAdded',
  version: 1,
  schema: shape<{ order: string; item: string; cents: number }>(),
});
export const OrderCancelled = defineEvent({ type: 'OrderCancelled', version: 1, schema: shape<{ order: string }>() });
export const orderEvents = [OrderPlaced, ItemAdded, OrderCancelled] as const;
export type OrderEvent = EventOf<typeof orderEvents>;
export const orderCatalogue = new EventCatalogue(orderEvents);

export interface OrderView {
  readonly customer: string;
  readonly cents: number;
  readonly items: readonly string[];
  readonly note?: string | undefined;
}

export const orders = defineView<OrderView, OrderEvent>({
  name: 'orders',
  version: 1,
  table: 'orders',
  types: ['OrderPlaced', 'ItemAdded', 'OrderCancelled'],
  key: event => event.data.order,
  evolve: (view, event) => {
    switch (event.type) {
      case 'OrderPlaced':
        return { note: event.data.note, customer: event.data.customer, cents: 0, items: [] };
      case 'ItemAdded':
        return view && { ...view, cents: view.cents + event.data.cents, items: [...view.items, event.data.item] };
      case 'OrderCancelled':
        return undefined;
    }
  },
  columns: ({ customer, cents, items, note }) => ({ customer, cents, items, note: note ?? null }),
});

export const ledger = defineRows<OrderEvent>({
  name: 'ledger',
  version: 1,
  table: 'ledger',
  uniqueBy: ['position'],
  types: ['ItemAdded'],
  rows: event => {
    if (event.type !== 'ItemAdded') return [];
    return [
      { position: event.position, ordered: event.metadata.occurredAt, item: event.data.item, detail: event.data },
    ];
  },
  keyOf: event => event.data.order,
});

export class CreateShop1700000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE orders (
      key text PRIMARY KEY, customer text NOT NULL, cents bigint NOT NULL, items text[] NOT NULL, note text, view json NOT NULL)`);
    await runner.query(`CREATE TABLE ledger (
      position bigint PRIMARY KEY, ordered timestamptz NOT NULL, item text NOT NULL, detail jsonb NOT NULL)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE orders, ledger');
  }
}

/** A log that hands its events over in batches of the given sizes, in turn. */
export class ScriptedLog implements Distribution {
  readonly events: RecordedEvent[] = [];
  readonly #sizes: readonly number[];
  readonly #wake = new Set<() => void>();

  constructor(events: readonly RecordedEvent[] = [], sizes: readonly number[] = [1_000]) {
    this.events.push(...events);
    this.#sizes = sizes;
  }

  append(...events: readonly RecordedEvent[]): void {
    this.events.push(...events);
    for (const wake of this.#wake) wake();
  }

  async *subscribe({ after, types, signal }: FollowOptions): AsyncGenerator<Delivery> {
    let at = after;
    for (let batch = 0; !signal.aborted; batch += 1) {
      const size = this.#sizes[batch % this.#sizes.length] ?? 1;
      const scanned = this.events.filter(event => event.position > at).slice(0, size);
      const last = scanned.at(-1);
      if (last) {
        at = last.position;
        const caughtUp = at === this.events.at(-1)?.position;
        yield { events: scanned.filter(event => types?.includes(event.type) ?? true), scannedTo: at, caughtUp };
      } else {
        await this.#change(signal);
      }
    }
  }

  readAll({ after, limit = 500, types }: ReadAllOptions): Promise<AllSlice> {
    const end = this.events.at(-1)?.position ?? 0n;
    if (after > end) return Promise.reject(new LogBehindError('A reader', after, end));
    const scanned = this.events.filter(event => event.position > after).slice(0, limit);
    const events = scanned.filter(event => types?.includes(event.type) ?? true);
    const scannedTo = scanned.at(-1)?.position ?? after;
    return Promise.resolve({ events, scannedTo, caughtUp: scannedTo === end });
  }

  head(): Promise<Position> {
    return Promise.resolve(this.events.at(-1)?.position ?? 0n);
  }

  identity(): Promise<string> {
    return Promise.resolve('00000000-0000-4000-8000-000000000001');
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      const done = () => {
        this.#wake.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#wake.add(done);
      signal.addEventListener('abort', done);
    });
  }
}
