import type { CommandHandler } from '@runledger/event-store';
import type { Clock } from '@runledger/platform';
import type { Pool } from 'pg';
import { operatorsConnection } from '../agent/providers.js';
import type { SandboxConfig } from '../sandbox.config.js';
import { FileKeys, givenKeys } from '../vault/vault-keys.js';
import type { ChangeableKeys, VaultKeys } from '../vault/vault-keys.js';
import { Vault } from '../vault/vault.js';
import { Integrations } from './integrations.js';

export interface IntegrationsPlace {
  readonly config: Pick<SandboxConfig, 'providers' | 'vaultKey'>;
  readonly database: Pool;
  readonly keyFile: string;
  readonly commands: CommandHandler;
  readonly clock: Clock;
}

/** The integrations of an installation, with the vault in its database. */
export function integrationsOf({ config, database, keyFile, commands, clock }: IntegrationsPlace): Integrations {
  return new Integrations({
    ...{ commands, clock },
    vault: new Vault(database, vaultKeysOf(config, keyFile)),
    operators: kind => operatorsConnection(config.providers, kind),
  });
}

/** Those of the environment, else those of the file. */
export function vaultKeysOf({ vaultKey }: Pick<SandboxConfig, 'vaultKey'>, file: string): VaultKeys | ChangeableKeys {
  return vaultKey === undefined ? new FileKeys(file) : givenKeys(vaultKey);
}
