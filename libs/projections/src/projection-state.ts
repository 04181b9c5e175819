import type { ConsumerFault } from '@runledger/messaging';

/** Runs one statement: a DataSource, or an EntityManager within a transaction. */
interface Statements {
  query<T>(text: string, values?: unknown[]): Promise<T>;
}

/** What a service keeps about a projection beside its rows and its checkpoint. */
export interface ProjectionState {
  /** Of the projection that made the rows. */
  readonly version: number;
  /** Grows when whoever runs it should take it up anew: rows were exchanged, or a fault was mended. */
  readonly generation: number;
  /** Where it stopped; undefined when it goes on. */
  readonly fault?: ConsumerFault & { readonly at: string };
  readonly rebuiltAt?: string;
}

interface StateRow {
  readonly version: number;
  readonly generation: number;
  readonly fault_position: string | null;
  readonly fault_event_type: string | null;
  readonly fault_code: string | null;
  readonly fault_message: string | null;
  readonly faulted_at: Date | null;
  readonly rebuilt_at: Date | null;
}

export async function readState(name: string, rows: Statements): Promise<ProjectionState | undefined> {
  const [row] = await rows.query<StateRow[]>('SELECT * FROM projection_state WHERE name = $1', [name]);
  if (!row) return undefined;
  const fault = row.faulted_at && {
    position: BigInt(row.fault_position ?? 0),
    eventType: row.fault_event_type ?? '-',
    code: row.fault_code ?? '-',
    message: row.fault_message ?? '',
    at: row.faulted_at.toISOString(),
  };
  return {
    version: row.version,
    generation: row.generation,
    ...(fault && { fault }),
    ...(row.rebuilt_at && { rebuiltAt: row.rebuilt_at.toISOString() }),
  };
}

/** Says which version made the rows, when nothing was said yet; answers what holds. */
export async function claimState(name: string, version: number, rows: Statements): Promise<ProjectionState> {
  await rows.query('INSERT INTO projection_state (name, version) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
    name,
    version,
  ]);
  const state = await readState(name, rows);
  if (!state) throw new TypeError(`The state of projection ${name} was removed while it was being read.`);
  return state;
}

/** Notes where the projection stopped, for everybody who asks from outside this process. */
export async function saveFault(name: string, fault: ConsumerFault, rows: Statements): Promise<void> {
  await rows.query(
    `UPDATE projection_state SET fault_position = $2, fault_event_type = $3, fault_code = $4, fault_message = $5,
       faulted_at = now()
     WHERE name = $1`,
    [name, String(fault.position), fault.eventType, fault.code, fault.message],
  );
}

export async function clearFault(name: string, rows: Statements): Promise<void> {
  await rows.query(`UPDATE projection_state SET ${NO_FAULT} WHERE name = $1 AND faulted_at IS NOT NULL`, [name]);
}

/** Lets whoever runs the projection take it up anew. False: nobody has ever run it. */
export async function raiseGeneration(name: string, rows: Statements): Promise<boolean> {
  const [found] = await rows.query<[unknown[], number]>(
    'UPDATE projection_state SET generation = generation + 1 WHERE name = $1 RETURNING name',
    [name],
  );
  return found.length > 0;
}

/** In the transaction that exchanges the rows. */
export async function noteExchange(name: string, version: number, state: Statements, table: string): Promise<void> {
  await state.query(
    `INSERT INTO ${table} AS s (name, version, rebuilt_at) VALUES ($1, $2, now())
     ON CONFLICT (name) DO UPDATE SET version = excluded.version, rebuilt_at = excluded.rebuilt_at,
       generation = s.generation + 1, ${NO_FAULT}`,
    [name, version],
  );
}

const NO_FAULT =
  'fault_position = NULL, fault_event_type = NULL, fault_code = NULL, fault_message = NULL, faulted_at = NULL';
