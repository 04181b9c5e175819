import type { Pool } from 'pg';
import { vaultKeysOf } from '../integrations/open-integrations.js';
import type { SandboxConfig } from '../sandbox.config.js';
import { Vault } from './vault.js';
import type { RotationReport } from './vault.js';

/**
 * Seals every secret anew. Keys of the file get a new one first; of those in the environment the first one seals. Services may
 * run meanwhile: they read the keys anew for each secret.
 */
export function rotateVault(
  database: Pool,
  config: Pick<SandboxConfig, 'vaultKey'>,
  keyFile: string,
): Promise<RotationReport> {
  const keys = vaultKeysOf(config, keyFile);
  return new Vault(database, keys).rotate(keys);
}
