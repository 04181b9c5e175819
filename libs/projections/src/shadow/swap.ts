import type { Position, SharedCheckpoints } from '@runledger/event-store';
import { Fault } from '@runledger/kernel';
import { pause } from '@runledger/messaging';
import type { Projection } from '../projection.js';
import { consumerOf, partsOf } from '../projection.js';
import { noteExchange } from '../projection-state.js';
import { queryable } from '../queryable.js';
import { quotedName } from '../sql-names.js';
import type { ShadowCopy } from './shadow-copy.js';
import type { ShadowFill } from './shadow-fill.js';
import { dropRetired, exchangeTables } from './table-exchange.js';

/** Readers held the tables for so long that the rebuilt ones could not take their place. */
export class TablesBusyError extends Fault {
  constructor(projection: string, cause: unknown) {
    super(
      'TABLES_BUSY',
      `Readers hold the tables of projection ${projection}; the rebuilt rows are kept. Run this again when no long query is at work.`,
      { cause, fields: { projection } },
    );
  }
}

export interface SwapParts {
  readonly projection: Projection;
  readonly copy: ShadowCopy;
  readonly fill: ShadowFill;
  readonly checkpoints: SharedCheckpoints;
  /** Schema of the live tables. */
  readonly live: string;
  readonly signal: AbortSignal;
  /** The live rows may be ahead of what the log holds now: it was restored from an older copy. */
  readonly mayGoBack: boolean;
}

export interface Swapped {
  readonly position: Position;
  /** Schema in which the old tables were left, because something that is not ours depends on them. */
  readonly left?: string;
}

/** Shorter than PostgreSQL's deadlock_timeout, so that of two that wait for each other it is never the reader that fails. */
const LOCK_WITHIN = '400ms';
const ATTEMPTS = 50;
const PAUSE_MS = 200;
/** PostgreSQL: lock timeout, deadlock. */
const BUSY = /^(55P03|40P01)$/;

/**
 * Puts the copy into the place of the live rows, in one transaction, without an outage:
 * 1. The live checkpoint is locked. Whoever runs the projection moves it before it touches rows, so from here on the live
 *    rows stay as they are; readers go on.
 * 2. The copy takes what the live rows are ahead, so that no reader ever goes back.
 * 3. The tables change places. Readers wait for this moment at most; then they read the new rows.
 * 4. The checkpoint is put where the copy stands, and its owners are fenced: they take it up again by themselves (R3).
 */
export async function swapIn(parts: SwapParts): Promise<Swapped> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await swapOnce(parts);
    } catch (error) {
      if (!BUSY.test(String((error as { code?: unknown }).code))) throw error;
      if (attempt === ATTEMPTS) throw new TablesBusyError(parts.projection.name, error);
      await pause(PAUSE_MS * (0.5 + Math.random()), parts.signal);
      parts.signal.throwIfAborted();
    }
  }
}

async function swapOnce(parts: SwapParts): Promise<Swapped> {
  const { projection, copy, fill, checkpoints, live } = parts;
  const consumer = consumerOf(projection);
  const retired = `${retiredPrefix(live, projection)}${Date.now().toString(36)}`;
  const exchange = { tables: projection.tables, live, shadow: copy.schema, retired };
  const position = await copy.dataSource.transaction(async rows => {
    await rows.query(`SET LOCAL synchronous_commit = on`);
    await rows.query(`SET LOCAL lock_timeout = '${LOCK_WITHIN}'`);
    const transaction = queryable(rows);
    const held = await checkpoints.hold(consumer, transaction);
    const farthest = held.reduce((most, each) => (each > most ? each : most), copy.position);
    const upTo = parts.mayGoBack ? copy.position : farthest;
    await copy.commitIn(rows, await fill.rest(upTo), upTo);
    if (exchange.tables.length > 0) await exchangeTables(exchange, rows);
    await copy.giveAway(rows);
    const { version } = projection;
    await checkpoints.replace({ consumer, version, parts: partsOf(projection), position: upTo }, transaction);
    await noteExchange(projection.name, version, rows, `${quotedName(live)}.projection_state`);
    return upTo;
  });
  const isGone = exchange.tables.length === 0 || (await dropRetired(exchange, copy.dataSource.manager));
  return isGone ? { position } : { position, left: retired };
}

/** Of the schemas that old tables of this projection go to. */
export function retiredPrefix(live: string, { name }: Projection): string {
  return `${live}_old_${name.replaceAll('-', '_')}__`;
}
