import { partitionOf } from '@runledger/event-store';
import type { PartitionPlace, Position, RecordedEvent } from '@runledger/event-store';
import { Fault } from '@runledger/kernel';
import type { EntityManager } from 'typeorm';
import type { Projection } from '../projection.js';
import { consumerOf } from '../projection.js';
import { readState } from '../projection-state.js';
import { queryable } from '../queryable.js';
import { quotedName } from '../sql-names.js';
import { compareTable } from './compare-tables.js';
import type { TableComparison } from './compare-tables.js';
import { alone } from './job-lock.js';
import type { RebuildOptions, RebuildParts } from './rebuild.js';
import { ShadowCopy } from './shadow-copy.js';
import { ShadowFill } from './shadow-fill.js';

/** There is nothing to compare a rebuilt copy with. */
export class NotVerifiableError extends Fault {
  constructor(projection: string, why: string) {
    super('NOT_VERIFIABLE', `Projection ${projection} cannot be verified: ${why}`, { fields: { projection } });
  }
}

export interface VerifyOptions extends Pick<RebuildOptions, 'signal' | 'onProgress'> {
  /** Most differing rows that are named of each table, default 20. */
  readonly most?: number;
}

export interface VerifyReport {
  readonly projection: string;
  readonly version: number;
  readonly equal: boolean;
  /** Where the live rows stood; of several partitions the farthest. */
  readonly position: Position;
  readonly tables: readonly TableComparison[];
}

const NEAR = 2_000n;
const LIVE_ROUNDS = 10;

/**
 * Rebuilds the projection into a copy exactly as far as the live rows stand and compares both row by row; the copy is dropped.
 * The live rows and their checkpoint are looked at through one snapshot, in which they belong together (P1): nothing has to
 * wait for the comparison, the live projection goes on meanwhile. Throws {@link NotVerifiableError}, `RebuildUnderWayError`,
 * `CannotApplyError`.
 */
export async function verify(
  parts: RebuildParts,
  projection: Projection,
  options: VerifyOptions = {},
): Promise<VerifyReport> {
  return alone(parts.dataSource, projection.name, async () => {
    const log = await parts.store.identity();
    const copy = await ShadowCopy.open(parts.database, { projection, purpose: 'verify', log, fresh: true });
    try {
      return await compareWith(copy, parts, projection, options);
    } finally {
      await copy.drop();
      await copy.close();
    }
  });
}

async function compareWith(
  copy: ShadowCopy,
  parts: RebuildParts,
  projection: Projection,
  { signal = new AbortController().signal, onProgress, most = 20 }: VerifyOptions,
): Promise<VerifyReport> {
  const { store, catalogue } = parts;
  const fill = new ShadowFill(copy, projection, { store, catalogue }, { signal, onProgress });
  await approach(fill, copy, parts, projection);
  const runner = parts.dataSource.createQueryRunner();
  await runner.startTransaction('REPEATABLE READ');
  try {
    const places = await pinned(runner.manager, parts, projection);
    const position = farthest(places);
    await fill.to({ upTo: position, wanted: isInLive(places) });
    if (copy.position < position) throw new NotVerifiableError(projection.name, behindTheLog(position));
    const tables = await copy.dataSource.transaction('REPEATABLE READ', async rebuilt => {
      const compared: TableComparison[] = [];
      const sides = { live: runner.manager, rebuilt };
      for (const table of projection.tables) compared.push(await compareTable(table, sides, most));
      return compared;
    });
    const equal = tables.every(({ differing }) => differing === 0);
    return { projection: projection.name, version: projection.version, equal, position, tables };
  } finally {
    await runner.rollbackTransaction();
    await runner.release();
  }
}

/** Comes close before the snapshot is taken, so that it need not be held for long. */
async function approach(
  fill: ShadowFill,
  copy: ShadowCopy,
  { checkpoints }: RebuildParts,
  projection: Projection,
): Promise<void> {
  for (let round = 0; round < LIVE_ROUNDS; round += 1) {
    const places = await checkpoints.partitions.read(consumerOf(projection), projection.version);
    const nearest = places.reduce<Position>(
      (least, { position }) => (position < least ? position : least),
      farthest(places),
    );
    if (nearest - copy.position < NEAR && round > 0) return;
    await fill.to({ upTo: nearest });
  }
}

/** Takes the snapshot, and says where the rows in it stand. The tables cannot be exchanged until the transaction ends. */
async function pinned(
  rows: EntityManager,
  { checkpoints }: RebuildParts,
  { name, version, tables }: Projection,
): Promise<PartitionPlace[]> {
  await rows.query('SET LOCAL idle_in_transaction_session_timeout = 0');
  for (const table of tables) await rows.query(`LOCK TABLE ${quotedName(table)} IN ACCESS SHARE MODE`);
  const state = await readState(name, rows);
  if (state && state.version !== version) {
    throw new NotVerifiableError(name, `its rows are of version ${state.version}, this program makes ${version}.`);
  }
  const places = await checkpoints.partitions.read(consumerOf({ name }), version, queryable(rows));
  if (places.length === 0) throw new NotVerifiableError(name, 'it has never run here. Start the platform first.');
  return places;
}

/** Partitions may stand at different places; what is behind one's own place is not in the live rows yet. */
function isInLive(places: readonly PartitionPlace[]): (event: RecordedEvent) => boolean {
  if (places.length === 1) return () => true;
  const reached = new Map(places.map(({ partition, position }) => [partition, position]));
  return event => event.position <= (reached.get(partitionOf(event.metadata.correlationId)) ?? 0n);
}

function farthest(places: readonly PartitionPlace[]): Position {
  return places.reduce<Position>((most, { position }) => (position > most ? position : most), 0n);
}

function behindTheLog(position: Position): string {
  return `its rows stand at ${position}, behind the end of the log: the log was restored from an older copy. Rebuild it.`;
}
