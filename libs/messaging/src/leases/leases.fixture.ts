import { PostgresCheckpoints } from '@runledger/event-store';
import type { PartitionLease } from '@runledger/event-store';
import { MemoryLog } from '../memory-log.fixture.js';
import type { TestCheckpoints } from '../test-checkpoints.fixture.js';
import type { Claimant, Seat } from './claimant.js';
import { Leases } from './leases.js';
import type { LeasesOptions } from './leases.js';

/** A consumer that remembers what it was told. */
export class Recorder implements Claimant {
  readonly version = 1;
  readonly has = new Set<number>();
  readonly told: string[] = [];
  seat: Seat | undefined;
  /** What `handOver` waits for. */
  underWay: Promise<void> = Promise.resolve();
  /** As it has moved them itself. */
  places: readonly PartitionLease[] = [];

  constructor(
    readonly consumer = 'reactor/r',
    readonly parts = 16,
  ) {}

  granted(leases: readonly PartitionLease[]): void {
    this.told.push('granted');
    for (const { partition } of leases) this.has.add(partition);
    this.places = leases;
  }

  lost(partitions: readonly number[], forGood: boolean): void {
    this.told.push(forGood ? 'lost for good' : 'lost');
    for (const partition of partitions) this.has.delete(partition);
  }

  async handOver(partitions: readonly number[]): Promise<void> {
    this.told.push('hands over');
    await this.underWay;
    for (const partition of partitions) this.has.delete(partition);
  }

  moved(): readonly PartitionLease[] {
    return this.places;
  }

  forgotten(leases: readonly PartitionLease[]): void {
    for (const { partition, position } of leases) this.told.push(`${partition} went back to ${position}`);
    this.places = this.places.map(place => leases.find(({ partition }) => partition === place.partition) ?? place);
  }
}

/** The processes that share one log's consumers. */
export class LeasesWorld {
  readonly log = new MemoryLog();
  readonly #all: Leases[] = [];

  private constructor(private readonly database: TestCheckpoints) {}

  /** Nothing is left of the world that this database had before. */
  static async on(database: TestCheckpoints): Promise<LeasesWorld> {
    const world = new LeasesWorld(database);
    await database.of(world.log);
    return world;
  }

  /** A process; its heartbeats can be answered late, or never, and so can what it gives up. */
  newLeases(
    options: Partial<LeasesOptions> = {},
    delay = () => Promise.resolve(),
    givingUp = () => Promise.resolve(),
  ): Leases {
    const query = async (text: string, values?: unknown[]) => {
      if (text.includes('heartbeat')) await delay();
      if (text.includes('set owner = null')) await givingUp();
      return this.database.pool.query<Record<string, unknown>>(text, values);
    };
    const slow = new PostgresCheckpoints({ query }, { log: this.log });
    const quick = { ttlMs: 60_000, heartbeatMs: 40, retry: { attempts: 2, firstDelayMs: 5 } };
    const leases = new Leases(slow, { owner: `p${this.#all.length}`, sharing: 'shared', ...quick, ...options });
    this.#all.push(leases);
    return leases;
  }

  async join(leases: Leases, claimant = new Recorder()): Promise<Recorder> {
    claimant.seat = await leases.join(claimant);
    return claimant;
  }

  async end(): Promise<void> {
    await Promise.all(this.#all.map(leases => leases.stop()));
  }
}
