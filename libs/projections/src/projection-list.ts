import type { PartitionPlace, Position } from '@runledger/event-store';
import type { ConsumerFault } from '@runledger/messaging';
import type { DataSource } from 'typeorm';
import type { Projection } from './projection.js';
import { consumerOf } from './projection.js';
import { raiseGeneration, readState } from './projection-state.js';
import type { ProjectionState } from './projection-state.js';
import { ProjectionUnknownError } from './read-model-errors.js';
import type { RebuildParts } from './shadow/rebuild.js';
import { copyUnderWay } from './shadow/shadow-copy.js';
import type { CopyUnderWay } from './shadow/shadow-copy.js';

/** One projection as the database shows it, whichever processes run it. */
export interface ProjectionListing {
  readonly name: string;
  /** Of this program. */
  readonly version: number;
  /**
   * `never-run`: there are no rows. `waits-for-rebuild`: the rows are of another version, and serve. `not-running`: nobody keeps
   * them up to date. `faulted`: stopped at an event.
   */
  readonly state: 'live' | 'catching-up' | 'faulted' | 'not-running' | 'never-run' | 'waits-for-rebuild';
  /** Every wanted event at or before it is in the rows. */
  readonly position: Position;
  /** Positions between it and the end of the log; they have holes. */
  readonly lag: Position;
  /** Processes that run it. */
  readonly owners: readonly string[];
  readonly rowsVersion?: number;
  readonly fault?: ConsumerFault & { readonly at: string };
  readonly rebuiltAt?: string;
  /** A rebuild that is under way, or was interrupted. */
  readonly rebuild?: CopyUnderWay;
}

/** How the projections stand. Asks the database and the log only: whoever runs the projections need not answer. */
export async function listProjections(
  parts: Omit<RebuildParts, 'catalogue'>,
  projections: readonly Projection[],
): Promise<ProjectionListing[]> {
  const head = await parts.store.head();
  const listings: ProjectionListing[] = [];
  for (const projection of projections) listings.push(await listingOf(parts, projection, head));
  return listings;
}

/**
 * Says that the fault was mended: whoever runs the projection tries again within a second or so. Throws
 * `ProjectionUnknownError` when it has never run.
 */
export async function retryProjection(dataSource: DataSource, name: string): Promise<void> {
  if (!(await raiseGeneration(name, dataSource))) throw new ProjectionUnknownError(name);
}

async function listingOf(
  { dataSource, database, checkpoints }: Omit<RebuildParts, 'catalogue'>,
  projection: Projection,
  head: Position,
): Promise<ProjectionListing> {
  const { name, version } = projection;
  const state = await readState(name, dataSource);
  const rowsVersion = state?.version ?? version;
  const places = await checkpoints.partitions.read(consumerOf(projection), rowsVersion);
  const position = places.reduce<Position>((least, each) => (each.position < least ? each.position : least), head);
  const rebuild = await copyUnderWay(database.schema, projection, dataSource);
  const lag = places.length === 0 ? head : head - position;
  return {
    name,
    version,
    state: stateOf({ state, places, version, lag }),
    position: places.length === 0 ? 0n : position,
    lag,
    owners: [...new Set(places.flatMap(({ owner }) => owner ?? []))].sort(),
    ...(rowsVersion !== version && { rowsVersion }),
    ...(state?.fault && { fault: state.fault }),
    ...(state?.rebuiltAt !== undefined && { rebuiltAt: state.rebuiltAt }),
    ...(rebuild && { rebuild }),
  };
}

interface Found {
  readonly state: ProjectionState | undefined;
  readonly places: readonly PartitionPlace[];
  readonly version: number;
  readonly lag: Position;
}

function stateOf({ state, places, version, lag }: Found): ProjectionListing['state'] {
  if (places.length === 0) return 'never-run';
  if (state?.fault) return 'faulted';
  if (state && state.version !== version) return 'waits-for-rebuild';
  if (places.some(({ owner }) => owner === undefined)) return 'not-running';
  return lag === 0n ? 'live' : 'catching-up';
}
