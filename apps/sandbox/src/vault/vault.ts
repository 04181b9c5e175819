import type { Pool, PoolClient } from 'pg';
import { seal, unseal } from './sealed-secret.js';
import type { SecretPlace } from './sealed-secret.js';
import { UnsealableSecretError } from './vault-faults.js';
import type { ChangeableKeys, KeyRing, VaultKeys } from './vault-keys.js';

/** Whoever seals shares it; the end of a rotation has it alone, so that nothing is sealed with a key that is going. */
const ROTATION_LOCK = 7_201_984_115;
const BATCH = 200;

export interface RotationReport {
  /** Of the key that now seals everything. */
  readonly keyId: string;
  readonly resealed: number;
  readonly kept: number;
}

interface SealedRow {
  readonly workspace_id: string;
  readonly name: string;
  readonly key_id: string;
  readonly sealed: Buffer;
}

/**
 * The secrets of all workspaces, sealed one by one, in a table of the sandbox service. Values leave it only through `get`,
 * to whoever calls what they are for; never into events, logs, arguments of programs or the environment of a sandbox (S1).
 */
export class Vault {
  constructor(
    private readonly database: Pool,
    private readonly keys: VaultKeys,
  ) {}

  async get(place: SecretPlace): Promise<string | undefined> {
    const { rows } = await this.database.query<SealedRow>(
      'SELECT * FROM sandbox.vault WHERE workspace_id = $1 AND name = $2',
      [place.workspaceId, place.name],
    );
    const [row] = rows;
    return row && opened(await this.keys.ring(), row);
  }

  /** Sets all, or none. Fields of the same integration that are not named are destroyed. */
  async put(workspaceId: string, integration: string, secrets: ReadonlyMap<string, string>): Promise<void> {
    await this.#sealing('shared', async client => {
      const [key] = await this.keys.ring();
      await forget(client, workspaceId, integration);
      for (const [field, secret] of secrets) {
        const place = { workspaceId, name: `${integration}.${field}` };
        await client.query(
          'INSERT INTO sandbox.vault (workspace_id, name, key_id, sealed, sealed_at) VALUES ($1, $2, $3, $4, now())',
          [workspaceId, place.name, key.id, seal(key, place, secret)],
        );
      }
    });
  }

  /** Destroys what is kept of an integration. */
  async forget(workspaceId: string, integration: string): Promise<void> {
    await forget(this.database, workspaceId, integration);
  }

  /** Seals everything anew with the key that seals now. Old keys open until that is done; it may be cut off and begun again. */
  async rotate(keys: VaultKeys | ChangeableKeys): Promise<RotationReport> {
    if ('begin' in keys) await keys.begin();
    let resealed = 0;
    for (let more = BATCH; more === BATCH; resealed += more) {
      more = await this.#sealing('shared', client => reseal(client, keys, BATCH));
    }
    const [late, kept] = await this.#sealing('alone', async client => {
      const rest = await reseal(client, keys, Number.MAX_SAFE_INTEGER);
      if ('finish' in keys) await keys.finish();
      const { rows } = await client.query<{ kept: number }>('SELECT count(*)::int AS kept FROM sandbox.vault');
      return [rest, rows[0]?.kept ?? 0] as const;
    });
    const [{ id: keyId }] = await keys.ring();
    return { keyId, resealed: resealed + late, kept };
  }

  async #sealing<T>(how: 'shared' | 'alone', work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await this.database.connect();
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
}

async function forget(client: Pick<PoolClient, 'query'>, workspaceId: string, integration: string): Promise<void> {
  await client.query("DELETE FROM sandbox.vault WHERE workspace_id = $1 AND split_part(name, '.', 1) = $2", [
    workspaceId,
    integration,
  ]);
}

async function reseal(client: PoolClient, keys: VaultKeys, limit: number): Promise<number> {
  const ring = await keys.ring();
  const [key] = ring;
  const { rows } = await client.query<SealedRow>('SELECT * FROM sandbox.vault WHERE key_id <> $1 LIMIT $2 FOR UPDATE', [
    key.id,
    limit,
  ]);
  for (const row of rows) {
    const place = placeOf(row);
    await client.query(
      'UPDATE sandbox.vault SET key_id = $3, sealed = $4, sealed_at = now() WHERE workspace_id = $1 AND name = $2',
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
