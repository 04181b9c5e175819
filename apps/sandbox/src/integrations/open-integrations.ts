import type { CommandHandler } from '@runledger/event-store';
import { Vault, vaultKeysFrom } from '@runledger/platform';
import type { Clock } from '@runledger/platform';
import type { Pool } from 'pg';
import { operatorsConnection } from '../agent/operator-providers.js';
import type { SandboxConfig } from '../sandbox.config.js';
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
    vault: new Vault(database, vaultKeysFrom(config.vaultKey, keyFile), 'sandbox.vault'),
    operators: kind => operatorsConnection(config.providers, kind),
  });
}
