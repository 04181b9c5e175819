import { join } from 'node:path';
import type { DeployedService } from '@runledger/contracts';
import type { Log } from '@runledger/platform';
import { migrateDatabase } from '../database/migrate-database.js';
import { setUpRoles } from '../database/set-up-roles.js';
import type { Storage } from '../storage.js';
import type { ClusterConfig } from './cluster.config.js';

/** DATABASE_URL of each service's processes. Holds passwords: never log it. */
export type DatabaseUrlOf = (service: DeployedService) => string;

/**
 * Brings all tables up to date, so that no service needs to. On the embedded server each service then comes in with a role of
 * its own (E3); on a server of the operator's, all come in as the operator said.
 */
export async function openDatabaseAccess(
  { home, storage: config }: ClusterConfig,
  { postgres }: Storage,
  log: Log,
): Promise<DatabaseUrlOf> {
  const report = (line: string) => log.info(line);
  if (postgres.started === 'external') {
    if (config.migrates) await migrateDatabase(postgres.url, report);
    return () => postgres.url;
  }
  const urls = await setUpRoles(postgres.url, { folder: join(home, 'database') }, report);
  return service => urls.get(service) ?? postgres.url;
}
