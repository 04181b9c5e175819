import { FencedError, migrateSchema, pause } from '@runledger/event-store';
import type { EventStore, PartitionLease, Position, RecordedEvent, SharedCheckpoints } from '@runledger/event-store';
import { Fault } from '@runledger/kernel';
import {
  ConsumerProgress,
  DEFAULT_RETRY,
  failureCode,
  followLog,
  isFenced,
  Pace,
  SILENT,
  storeDirect,
} from '@runledger/messaging';
import type { Claimant, ConsumerLog, ConsumerStatus, Leases, Seat } from '@runledger/messaging';
import type { Pool, PoolClient } from 'pg';
import { moveMark, seal } from './sealing.js';
import { AUDIT_SCHEMA } from './tree-tables.js';
import { TreeRows } from './tree-rows.js';
import type { Sealed } from './tree-rows.js';

const BATCH = 1_000;
const AGAIN_AFTER_MS = 5_000;
/** A batch costs ten statements, however few events it has; what is sealed so much later is in the log all the same. */
const REST_MS = 250;

/** The tree was made of another log than this one. */
export class ForeignTreeError extends Fault {
  constructor(tree: string, log: string) {
    super(
      'FOREIGN_TREE',
      `The audit tree in this database is of log ${tree}, and the log here is ${log}. Open the log that belongs to this database, or drop the schema "audit" to seal this log from its beginning.`,
      { fields: { tree, log } },
    );
  }
}

export interface SealerParts {
  readonly store: EventStore;
  readonly checkpoints: Pick<SharedCheckpoints, 'partitions'>;
  readonly leases: Leases;
  readonly database: Pool;
  readonly log?: ConsumerLog;
  /** Called when the tree has the whole log for the moment. */
  onCaughtUp?(sealed: Sealed): void;
}

interface Work {
  readonly ending: AbortController;
  ended: Promise<void>;
  /** At the checkpoint to which it was moved last. */
  held: PartitionLease;
}

/**
 * The one that makes the tree: it follows the log, so appending costs nothing for it.
 * 1. The log's order is the order of the leaves, the same for whoever reads it (E2).
 * 2. Leaves, chains, mark and checkpoint commit in one transaction (P1), and only under the newest epoch of the lease (R3).
 * 3. The mark is in the tree's own tables: where the checkpoint says something else, the tree goes on from what it has.
 */
export class Sealer implements Claimant {
  readonly consumer = 'reactor/audit.sealer';
  readonly version = 1;
  readonly parts = 1;
  readonly #progress = new ConsumerProgress(this.consumer, 0n);
  readonly #log: ConsumerLog;
  readonly #pace = new Pace(REST_MS);
  readonly #stopping = new AbortController();
  #working: Work | undefined;
  #fault: ConsumerStatus['fault'];
  #seat: Seat | undefined;

  constructor(private readonly given: SealerParts) {
    this.#log = given.log ?? SILENT;
  }

  /** Makes the tables where they are missing, and takes part in the sealing. */
  async start(): Promise<void> {
    await migrateSchema(this.given.database, AUDIT_SCHEMA);
    await this.#assertOurLog();
    this.#seat = await this.given.leases.join(this);
  }

  /** What was sealed in this process; `stopped` while another process seals. */
  status(): ConsumerStatus {
    const status = { ...this.#progress.status(), partitions: this.#working ? [0] : [] };
    return this.#fault ? { ...status, state: 'faulted', fault: this.#fault } : status;
  }

  /** This process is the one that seals. */
  get isAtWork(): boolean {
    return this.#working !== undefined;
  }

  /** Seals without a rest until `wanted`, which waits for what is sealed, is settled. */
  hurried<T>(wanted: Promise<T>): Promise<T> {
    return this.#pace.hurried(wanted);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#end();
    await this.#seat?.leave();
    this.#progress.stop('asked');
  }

  granted(leases: readonly PartitionLease[], seat: Seat): void {
    const [lease] = leases;
    if (!lease || this.#stopping.signal.aborted) return;
    const before = this.#end();
    const ending = new AbortController();
    const work = { ending, held: lease, ended: before };
    this.#working = work;
    work.ended = before.then(() => this.#work(work, seat));
  }

  lost(): void {
    void this.#end();
  }

  async handOver(): Promise<void> {
    await this.#end();
  }

  moved(): readonly PartitionLease[] {
    return this.#working ? [this.#working.held] : [];
  }

  /** The tree goes on from what it has. */
  forgotten(leases: readonly PartitionLease[], seat: Seat): void {
    this.#log.warn({ consumer: this.consumer }, 'the database has forgotten commits; what they held is sealed again');
    for (const { position } of leases) this.#progress.setBack(position);
    this.granted(leases, seat);
  }

  async #end(): Promise<void> {
    const working = this.#working;
    this.#working = undefined;
    working?.ending.abort();
    await working?.ended;
  }

  async #assertOurLog(): Promise<void> {
    const { store, database } = this.given;
    const log = await store.identity();
    await database.query('insert into audit.tree (log) values ($1) on conflict do nothing', [log]);
    const { rows } = await database.query<{ log: string }>('select log from audit.tree');
    if (rows[0]?.log !== log) throw new ForeignTreeError(String(rows[0]?.log), log);
  }

  /** Never throws: whatever fails is told, and tried again from what is written. */
  async #work(work: Work, seat: Seat): Promise<void> {
    const { signal } = work.ending;
    while (!signal.aborted) {
      try {
        await this.#follow(work);
      } catch (error) {
        if (signal.aborted) return;
        // Who has lost the lease is told so by the heartbeat; who still has it, by `forgotten`.
        if (isFenced(error)) return seat.doubt();
        this.#tell(error, work.held);
        await pause(AGAIN_AFTER_MS, signal);
      }
    }
  }

  async #follow(work: Work): Promise<void> {
    work.held = await this.#asStored(work.held);
    const { signal } = work.ending;
    let sealed = await new TreeRows(this.given.database).sealed();
    const deliveries = followLog(storeDirect(this.given.store), {
      after: sealed.position,
      signal,
      consumer: this.consumer,
      retry: { ...DEFAULT_RETRY, retryableAttempts: Infinity },
      log: this.#log,
      batchSize: BATCH,
      pace: this.#pace,
    });
    for await (const { events, caughtUp } of deliveries) {
      if (events.length > 0) {
        ({ held: work.held, sealed } = await this.#seal(work.held, sealed, events));
      }
      this.#fault = undefined;
      this.#progress.moveTo(sealed.position);
      this.#progress.enter(caughtUp ? 'live' : 'catching-up');
      if (caughtUp) this.given.onCaughtUp?.(sealed);
    }
  }

  /** The write before may have succeeded although its answer was lost. */
  async #asStored(lease: PartitionLease): Promise<PartitionLease> {
    const [place] = await this.given.checkpoints.partitions.read(this.consumer, this.version);
    return place && place.epoch === lease.epoch ? { ...lease, position: place.position } : lease;
  }

  async #seal(lease: PartitionLease, before: Sealed, events: readonly RecordedEvent[]) {
    return inTransaction(this.given.database, async client => {
      const sealed = await seal(client, before, events);
      if (!(await moveMark(client, before, sealed))) throw new FencedError(lease);
      const position: Position = sealed.position > lease.position ? sealed.position : lease.position;
      const [held = lease] = await this.given.checkpoints.partitions.advance([{ lease, position }], client);
      return { held, sealed };
    });
  }

  #tell(error: unknown, { position }: PartitionLease): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#fault = { position, eventType: '-', code: failureCode(error), message };
    this.#log.error({ consumer: this.consumer, position, err: error }, 'sealing failed; it is tried again');
  }
}

async function inTransaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken = true;
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    broken = false;
    return result;
  } finally {
    client.release(broken);
  }
}
