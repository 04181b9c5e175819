import type { PartitionLease, Partitions, PartitionMove, Position, RecordedEvent } from '@runledger/event-store';
import { DEFAULT_RETRY, Pace, SILENT } from '@runledger/messaging';
import type { Delivery, Distribution } from '@runledger/messaging';
import type { DataSource } from 'typeorm';
import type { Projection } from './projection.js';
import { Shift } from './shift.js';
import { TransactionalRows } from './transactional-rows.js';

/** A database whose rows are the positions of the events that were applied; what it forgets, it forgets with its checkpoint. */
class Database {
  rows: Position[] = [];
  checkpoint = 0n;
  /** What happens to the next move of the checkpoint, before it is made. */
  trouble: (() => Promise<void>) | undefined;

  readonly partitions = {
    advance: async ([move]: readonly PartitionMove[]): Promise<PartitionLease[]> => {
      const trouble = this.trouble;
      this.trouble = undefined;
      await trouble?.();
      if (!move || move.lease.position !== this.checkpoint) throw new Error('The checkpoint is not where it was.');
      this.checkpoint = move.position;
      return [{ ...move.lease, position: move.position }];
    },
    read: () => Promise.resolve([{ partition: 0, epoch: 1, position: this.checkpoint }]),
  } as unknown as Partitions;

  readonly dataSource = {
    transaction: (work: (rows: unknown) => Promise<unknown>) => work({ queryRunner: {} }),
  } as DataSource;

  forget(): void {
    this.rows = [];
    this.checkpoint = 0n;
  }
}

/** Deliveries as they are pushed. */
function pushed() {
  const waiting: Delivery[] = [];
  let wake = () => {};
  const source: Distribution = {
    subscribe: async function* ({ signal }) {
      signal.addEventListener('abort', () => wake());
      while (!signal.aborted) {
        const next = waiting.shift();
        if (next) yield next;
        else await new Promise<void>(resolve => (wake = resolve));
      }
    },
  };
  const push = (scannedTo: Position, ...events: readonly RecordedEvent[]) => {
    waiting.push({ events, scannedTo, caughtUp: true });
    wake();
  };
  return { source, push };
}

const event = (position: Position) => ({ position, metadata: { correlationId: 'run_1' } }) as RecordedEvent;

describe('a shift of a projection', () => {
  it('moves no checkpoint over what the database forgot while checkpoints passed unwanted events (P1)', async () => {
    const database = new Database();
    const { source, push } = pushed();
    const apply: Projection['apply'] = events => {
      database.rows.push(...events.map(({ position }) => position));
      return Promise.resolve();
    };
    const projection: Projection = { name: 'orders', version: 1, types: [], tables: [], asStored: true, apply };
    const lease = { consumer: 'projection/orders', version: 1, partition: 0, owner: 'me', epoch: 1, position: 0n };
    const rows = new TransactionalRows(database.dataSource, database.partitions, projection, [lease]);
    const retry = { ...DEFAULT_RETRY, firstDelayMs: 1 };
    const settings = { batchSize: 500, restMs: 0, retry, log: SILENT, upcast: (same: RecordedEvent) => same };
    let moved = (): void => undefined;
    const onMoved = () => moved();
    const reaches = (position: Position) =>
      new Promise<void>(resolve => (moved = () => database.checkpoint >= position && resolve()));
    const shift = new Shift({ projection, rows, source, settings, pace: new Pace(0), onMoved });

    const passed = reaches(20n);
    push(10n, event(10n));
    push(20n);
    await passed;
    const forgets = new Promise<void>(resolve => {
      database.trouble = () => {
        database.forget();
        push(40n, event(40n)); // comes while it is found out
        resolve();
        return Promise.reject(new Error('Connection terminated unexpectedly'));
      };
    });
    push(30n); // which the checkpoint passes a second later
    await forgets;
    await expect(shift.ended).rejects.toMatchObject({ code: 'FENCED' });
    expect({ rows: database.rows, checkpoint: database.checkpoint }).toEqual({ rows: [], checkpoint: 0n });
  });
});
