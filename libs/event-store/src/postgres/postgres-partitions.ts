import type { Queryable } from '../checkpoints.js';
import { LogBehindError } from '../log-behind-error.js';
import type {
  ConsumerVersion,
  Heartbeat,
  PartitionLease,
  PartitionMove,
  PartitionPlace,
  Partitions,
  Standing,
} from '../partitions.js';
import { LONGEST_TTL_MS, PARTITIONS } from '../partitions.js';
import { endOf } from './end-of-log.js';
import { FencedError } from './fenced-error.js';
import { checkedSchema } from './migrate.js';
import { partitionStatements } from './partition-statements.js';
import type { PostgresCheckpointsOptions } from './checkpoints-options.js';

interface StandingRow {
  readonly consumer: string;
  readonly version: number;
  readonly members: number;
  readonly share: number;
  readonly partition: number | null;
  readonly epoch: string;
  readonly position: string;
}

/** Partitions in the event store's own schema; what they promise is proved in `migrations/0004-partitions.sql` and `0007-clock-set-back.sql`. */
export class PostgresPartitions implements Partitions {
  readonly #sql: ReturnType<typeof partitionStatements>;

  constructor(
    private readonly database: Queryable,
    private readonly options: PostgresCheckpointsOptions = {},
  ) {
    this.#sql = partitionStatements(checkedSchema(options.schema));
  }

  async prepare(consumer: string, version: number, parts = PARTITIONS): Promise<void> {
    const { log } = this.options;
    const identity = (await log?.identity()) ?? null;
    await this.database.query(this.#sql.prepare, [consumer, version, parts, identity]);
    const { rows } = await this.database.query(this.#sql.farthest, [consumer, version, identity]);
    const row = rows[0] as { position: string; given: string; same_log: boolean };
    const position = BigInt(row.position);
    const end = log ? await endOf(log, position) : BigInt(row.given);
    if (position > end || !row.same_log) {
      throw new LogBehindError(`A checkpoint of ${consumer} (version ${version})`, position, end);
    }
  }

  async heartbeat(beat: Heartbeat): Promise<readonly Standing[] | undefined> {
    if (beat.ttlMs > LONGEST_TTL_MS)
      throw new RangeError(`A heartbeat lasts ${LONGEST_TTL_MS} ms at most, not ${beat.ttlMs} ms.`);
    const consumers = [...beat.consumers].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
    const seizing = new Set(beat.seizing?.map(keyOf));
    const { rows } = await this.database.query(this.#sql.heartbeat, [
      beat.member,
      beat.ttlMs,
      consumers.map(({ consumer }) => consumer),
      consumers.map(({ version }) => version),
      consumers.map(each => seizing.has(keyOf(each))),
      beat.joining,
    ]);
    if (rows.length === 0 && consumers.length > 0) return undefined;
    return standings(rows as unknown as readonly StandingRow[], beat.member);
  }

  async advance(moves: readonly PartitionMove[], transaction?: Queryable): Promise<PartitionLease[]> {
    if (moves.length === 0) return [];
    for (const { lease, position } of moves) {
      if (position < lease.position) {
        throw new RangeError(`${nameOf(lease)} cannot go back from ${lease.position} to ${position}.`);
      }
    }
    const { rows } = await (transaction ?? this.database).query(this.#sql.advance, [
      ...columns(moves.map(({ lease }) => lease)),
      moves.map(({ lease }) => String(lease.position)),
      moves.map(({ position }) => String(position)),
    ]);
    const standing = new Set(
      rows.map(row => `${row['consumer'] as string}@${row['version'] as number}/${row['partition'] as number}`),
    );
    const lost = moves.map(({ lease }) => lease).filter(lease => !standing.has(nameOf(lease)));
    const [first] = lost;
    if (first)
      throw new FencedError(
        first,
        lost.map(({ partition }) => partition),
      );
    return moves.map(({ lease, position }) => ({ ...lease, position }));
  }

  async read(consumer: string, version: number, transaction?: Queryable): Promise<PartitionPlace[]> {
    const { rows } = await (transaction ?? this.database).query(this.#sql.read, [consumer, version]);
    return (rows as { partition: number; position: string; epoch: string; owner: string | null }[]).map(row => ({
      partition: row.partition,
      position: BigInt(row.position),
      epoch: Number(row.epoch),
      ...(row.owner === null ? {} : { owner: row.owner }),
    }));
  }

  async release(leases: readonly PartitionLease[]): Promise<void> {
    if (leases.length > 0) await this.database.query(this.#sql.release, columns(leases));
  }

  async leave(member: string): Promise<void> {
    await this.database.query(this.#sql.leave, [member]);
  }
}

function columns(leases: readonly PartitionLease[]): unknown[] {
  return [
    leases.map(({ consumer }) => consumer),
    leases.map(({ version }) => version),
    leases.map(({ partition }) => partition),
    leases.map(({ epoch }) => epoch),
  ];
}

function standings(rows: readonly StandingRow[], owner: string): Standing[] {
  const found = new Map<string, Standing & { leases: PartitionLease[] }>();
  for (const { consumer, version, members, share, partition, epoch, position } of rows) {
    const key = keyOf({ consumer, version });
    const standing = found.get(key) ?? { consumer, version, members, share, leases: [] };
    found.set(key, standing);
    if (partition === null) continue;
    standing.leases.push({ consumer, version, partition, owner, epoch: Number(epoch), position: BigInt(position) });
  }
  return [...found.values()];
}

const keyOf = ({ consumer, version }: ConsumerVersion) => `${consumer}@${version}`;
const nameOf = (lease: PartitionLease) => `${keyOf(lease)}/${lease.partition}`;
