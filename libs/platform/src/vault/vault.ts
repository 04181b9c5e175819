import type { Pool, PoolClient } from 'pg';
import { seal, unseal } from './sealed-secret.js';
import type { SecretPlace } from './sealed-secret.js';
import { UnsealableSecretError } from './vault-faults.js';
import type { ChangeableKeys, KeyRing, VaultKeys } from './vault-keys.js';

/** Whoever seals shares it; the end of a rotation has it alone, so that nothing is sealed with a key that is going. */
const ROTATION_LOCK = 7_201_984_115;
const BATCH = 200;

/** The table in which a service keeps its secrets: no service reads another one's. */
export type VaultTable = 'sandbox.vault' | 'approval.vault';

/** Secrets, sealed one by one; `name` is `<what it belongs to>.<field>`, `key_id` says which master key opens it. */
export const vaultTable = (table: VaultTable) => `
  CREATE TABLE ${table} (
    workspace_id text NOT NULL,
    name text NOT NULL,
    key_id text NOT NULL,
    sealed bytea NOT NULL,
    sealed_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, name)
  );
  CREATE INDEX vault_by_key ON ${table} (key_id);`;

export interface RotationReport {
  /** Of the key that now seals everything. */
  readonly keyId: string;
  readonly resealed: number;
  readonly kept: number;
  /** How many keys are still there that open nothing any more: they cannot be taken away from here. */
  readonly spareKeys: number;
}

interface SealedRow {
  readonly workspace_id: string;
  readonly name: string;
  readonly key_id: string;
  readonly sealed: Buffer;
}

/**
 * The secrets of all workspaces, sealed one by one, in a table of the service that uses them. Values leave it only through `get`,
 * to whoever calls what they are for; never into events, logs, arguments of programs or the environment of a sandbox (S1).
 */
export class Vault {
  constructor(
    private readonly database: Pool,
    private readonly keys: VaultKeys,
    private readonly table: VaultTable,
  ) {}

  async get(place: SecretPlace): Promise<string | undefined> {
    const { rows } = await this.database.query<SealedRow>(
      `SELECT * FROM ${this.table} WHERE workspace_id = $1 AND name = $2`,
      [place.workspaceId, place.name],
    );
    const [row] = rows;
    return row && opened(await this.keys.ring(), row);
  }

  /** Sets all, or none. Fields of the same owner (an integration, a channel) that are not named are destroyed. */
  async put(workspaceId: string, owner: string, secrets: ReadonlyMap<string, string>): Promise<void> {
    await this.#sealing('shared', async client => {
      const [key] = await this.keys.ring();
      await this.#forget(client, workspaceId, owner);
      for (const [field, secret] of secrets) {
        const place = { workspaceId, name: `${owner}.${field}` };
        await client.query(
          `INSERT INTO ${this.table} (workspace_id, name, key_id, sealed, sealed_at) VALUES ($1, $2, $3, $4, now())`,
          [workspaceId, place.name, key.id, seal(key, place, secret)],
        );
      }
    });
  }

  /** Destroys what is kept of an owner. */
  async forget(workspaceId: string, owner: string): Promise<void> {
    await this.#forget(this.database, workspaceId, owner);
  }

  async #forget(client: Pick<PoolClient, 'query'>, workspaceId: string, owner: string): Promise<void> {
    const which = "workspace_id = $1 AND split_part(name, '.', 1) = $2";
    await client.query(`DELETE FROM ${this.table} WHERE ${which}`, [workspaceId, owner]);
  }

  async #sealing<T>(how: 'shared' | 'alone', work: (client: PoolClient) => Promise<T>): Promise<T> {
    return sealing(this.database, how, work);
  }
}

/**
 * Seals everything in these tables anew with the key that seals now. Old keys open until all of it is done; it may be cut off
 * and begun again.
 */
export async function resealVaults(
  database: Pool,
  keys: VaultKeys | ChangeableKeys,
  tables: readonly VaultTable[],
): Promise<RotationReport> {
  if ('begin' in keys) await keys.begin();
  let resealed = 0;
  for (const table of tables) {
    for (let more = BATCH; more === BATCH; resealed += more) {
      more = await sealing(database, 'shared', client => reseal(client, { keys, table, limit: BATCH }));
    }
  }
  const [late, kept] = await sealing(database, 'alone', async client => {
    let [rest, all] = [0, 0];
    for (const table of tables) {
      rest += await reseal(client, { keys, table, limit: Number.MAX_SAFE_INTEGER });
      const { rows } = await client.query<{ kept: number }>(`SELECT count(*)::int AS kept FROM ${table}`);
      all += rows[0]?.kept ?? 0;
    }
    if ('finish' in keys) await keys.finish();
    return [rest, all] as const;
  });
  const [{ id: keyId }, ...spare] = await keys.ring();
  return { keyId, resealed: resealed + late, kept, spareKeys: spare.length };
}

async function sealing<T>(
  database: Pool,
  how: 'shared' | 'alone',
  work: (client: PoolClient) => Promise<T>,
): Promise<T> {
  const client = await database.connect();
  const lock = how === 'shared' ? 'pg_advisory_xact_lock_shared' : 'pg_advisory_xact_lock';
  try {
    await client.query('BEGIN');
    await client.query(`SELECT ${lock}($1)`, [ROTATION_LOCK]);
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined); // the fault that led here is the one to tell
    throw error;
  } finally {
    client.release();
  }
}

interface Resealing {
  readonly keys: VaultKeys;
  readonly table: VaultTable;
  readonly limit: number;
}

async function reseal(client: PoolClient, { keys, table, limit }: Resealing): Promise<number> {
  const ring = await keys.ring();
  const [key] = ring;
  const { rows } = await client.query<SealedRow>(`SELECT * FROM ${table} WHERE key_id <> $1 LIMIT $2 FOR UPDATE`, [
    key.id,
    limit,
  ]);
  for (const row of rows) {
    const place = placeOf(row);
    await client.query(
      `UPDATE ${table} SET key_id = $3, sealed = $4, sealed_at = now() WHERE workspace_id = $1 AND name = $2`,
      [place.workspaceId, place.name, key.id, seal(key, place, opened(ring, row))],
    );
  }
  return rows.length;
}

/** Throws {@link UnsealableSecretError}. */
function opened(ring: KeyRing, row: SealedRow): string {
  const key = ring.find(({ id }) => id === row.key_id);
  if (!key) throw new UnsealableSecretError(row.name, row.key_id);
  try {
    return unseal(key, placeOf(row), row.sealed);
  } catch (error) {
    throw new UnsealableSecretError(row.name, row.key_id, error);
  }
}

function placeOf({ workspace_id: workspaceId, name }: SealedRow): SecretPlace {
  return { workspaceId, name };
}
