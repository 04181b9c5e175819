import { LogBehindError } from '@runledger/event-store';
import type { Position, SharedCheckpoints } from '@runledger/event-store';
import type { EventCatalogue } from '@runledger/kernel';
import { SILENT } from '@runledger/messaging';
import type { ConsumerLog } from '@runledger/messaging';
import type { DataSource } from 'typeorm';
import type { Projection } from '../projection.js';
import { consumerOf } from '../projection.js';
import type { ReadModelDatabase } from '../read-model-database.js';
import { alone } from './job-lock.js';
import type { ReadableLog } from './log-pages.js';
import { ShadowCopy } from './shadow-copy.js';
import { ShadowFill } from './shadow-fill.js';
import type { RebuildProgress } from './shadow-fill.js';
import { retiredPrefix, swapIn } from './swap.js';
import { dropRetired } from './table-exchange.js';

/** What a rebuild or a verification works with. */
export interface RebuildParts {
  /** Of the live rows. */
  readonly database: ReadModelDatabase;
  /** Initialised, on `database`. */
  readonly dataSource: DataSource;
  readonly store: ReadableLog;
  readonly checkpoints: SharedCheckpoints;
  readonly catalogue: EventCatalogue;
}

export interface RebuildOptions {
  /** Ends it; what was built until then is gone on with by the next one. */
  readonly signal?: AbortSignal;
  /** Told about once a second. */
  readonly onProgress?: (progress: RebuildProgress) => void;
  readonly log?: ConsumerLog;
  /** Begins with the first event although an interrupted rebuild could be gone on with. */
  readonly fresh?: boolean;
}

export interface RebuildReport {
  readonly projection: string;
  readonly version: number;
  /** Where the new rows stood when they took the place of the old ones. */
  readonly position: Position;
  /** Applied by this process. */
  readonly events: number;
  readonly eventsPerSecond: number;
  readonly tookMs: number;
  /** It went on with what an interrupted rebuild had built. */
  readonly resumed: boolean;
  /** Schema in which the old tables were left, because something that is not ours depends on them. */
  readonly left?: string;
}

/** So few positions behind that the swap itself can take the rest. */
const NEAR = 500n;

/**
 * Builds the projection anew beside the live rows, from the first event (P2), and lets the new rows take the place of the old
 * ones. Nobody is told of the rows on the way; a live projection goes on until the swap, and after it from the new rows.
 * Throws `RebuildUnderWayError`, `CannotApplyError` at a poison event, `TablesBusyError`.
 */
export async function rebuild(
  parts: RebuildParts,
  projection: Projection,
  options: RebuildOptions = {},
): Promise<RebuildReport> {
  return alone(parts.dataSource, projection.name, async () => {
    await clearAway(parts, projection, options.log ?? SILENT);
    const copy = await openCopy(parts, projection, options.fresh ?? false);
    try {
      const report = await buildAndSwap(parts, projection, copy, options);
      await copy.drop();
      return report;
    } finally {
      await copy.close();
    }
  });
}

async function buildAndSwap(
  parts: RebuildParts,
  projection: Projection,
  copy: ShadowCopy,
  { signal = new AbortController().signal, onProgress, log = SILENT }: RebuildOptions,
): Promise<RebuildReport> {
  const started = performance.now();
  const { store, checkpoints, catalogue, database } = parts;
  const fill = new ShadowFill(copy, projection, { store, catalogue }, { signal, onProgress });
  await fill.to();
  await copy.complete();
  await catchUp(fill, copy, store);
  const mayGoBack = await isBeyondTheLog(parts, projection);
  const { position, left } = await swapIn({
    projection,
    copy,
    fill,
    checkpoints,
    live: database.schema,
    signal,
    mayGoBack,
  });
  if (left) log.warn({ projection: projection.name, schema: left }, 'old tables were left: something depends on them');
  const { events, eventsPerSecond } = fill.progress(position);
  const { name, version } = projection;
  const tookMs = Math.round(performance.now() - started);
  onProgress?.(fill.progress(position));
  const resumed = copy.isResumed;
  return { projection: name, version, position, events, eventsPerSecond, tookMs, resumed, ...(left && { left }) };
}

/** Indexes take a while, and the log grows meanwhile. */
async function catchUp(fill: ShadowFill, copy: ShadowCopy, store: ReadableLog): Promise<void> {
  do await fill.to();
  while ((await store.head()) > copy.position + NEAR);
}

/** True when the live rows stand behind the end of the log: it was restored from an older copy, and they go back with it. */
async function isBeyondTheLog({ checkpoints, store }: RebuildParts, projection: Projection): Promise<boolean> {
  const places = await checkpoints.partitions.read(consumerOf(projection), projection.version);
  const farthest = places.reduce((most, { position }) => (position > most ? position : most), 0n);
  return isBehind(store, farthest);
}

async function isBehind(store: ReadableLog, position: Position): Promise<boolean> {
  try {
    await store.readAll({ after: position, limit: 1 });
    return false;
  } catch (error) {
    if (error instanceof LogBehindError) return true;
    throw error;
  }
}

async function openCopy(parts: RebuildParts, projection: Projection, fresh: boolean): Promise<ShadowCopy> {
  const { database, store } = parts;
  const asked = { projection, purpose: 'rebuild', log: await store.identity() } as const;
  const copy = await ShadowCopy.open(database, { ...asked, fresh });
  if (!copy.isResumed || !(await isBehind(store, copy.position))) return copy;
  await copy.close();
  return ShadowCopy.open(database, { ...asked, fresh: true });
}

/** What a rebuild that was killed right after its swap has left. */
async function clearAway(parts: RebuildParts, projection: Projection, log: ConsumerLog): Promise<void> {
  const { dataSource, database } = parts;
  const prefix = retiredPrefix(database.schema, projection);
  const found = await dataSource.query<{ nspname: string }[]>(
    'SELECT nspname FROM pg_namespace WHERE starts_with(nspname, $1)',
    [prefix],
  );
  for (const { nspname } of found) {
    const exchange = { tables: projection.tables, live: database.schema, shadow: '', retired: nspname };
    const isGone = await dropRetired(exchange, dataSource.manager);
    if (!isGone) log.warn({ schema: nspname }, 'old tables are still left: something depends on them');
  }
}
