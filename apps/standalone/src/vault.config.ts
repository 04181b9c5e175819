import { join } from 'node:path';
import { absolute, parseConfig } from '@runledger/platform';
import { readSandboxConfig } from '@runledger/sandbox/config';
import type { SandboxConfig } from '@runledger/sandbox/config';
import { z } from 'zod';

const schema = z.object({
  RUNLEDGER_HOME: z.string().default('.runledger').describe('the data directory'),
  RUNLEDGER_SECRETS_DIR: z.string().optional().describe('the directory of vault.key; by default RUNLEDGER_HOME'),
});

/** Where the keys of the vault are. Holds keys: never log it. */
export interface VaultConfig {
  readonly sandbox: SandboxConfig;
  readonly keyFile: string;
}

/** Throws `InvalidConfigError`. */
export function readVaultConfig(environment = process.env): VaultConfig {
  const { RUNLEDGER_HOME: home, RUNLEDGER_SECRETS_DIR: secrets } = parseConfig(schema, environment);
  return { sandbox: readSandboxConfig(environment), keyFile: join(absolute(secrets ?? home), 'vault.key') };
}
