import { checkEventStore, checkSchema, migrateEventStore, migrateSchema } from '@runledger/event-store';
import type { SchemaHistory } from '@runledger/event-store';
import { servicePool } from '@runledger/platform';
import type { Pool } from 'pg';
import { SDK_TABLES } from '../consuming/handled-events.js';
import type { Service } from './define-service.js';
import type { ServiceConfig } from './service.config.js';

/** Connections of one process, by what they are for: none of them can use up those of another. */
export interface Databases {
  /** Of the platform: the log and the keys of persons. */
  readonly platform: Pool;
  /** Of the service: checkpoints, leases and dead letters. */
  readonly progress: Pool;
  /** Of the service: its own tables, found without a schema, and the effects of its consumers. */
  readonly effects: Pool;
  close(): Promise<void>;
}

/** The connections; tables are made or brought up to date, or only looked at with MIGRATE=off. */
export async function openDatabases(
  service: Service,
  config: ServiceConfig,
  onProblem: (error: Error) => void,
): Promise<Databases> {
  const { databaseUrl, serviceDatabaseUrl, concurrency } = config;
  const open = (connectionString: string, max: number, more: { readonly options?: string } = {}) =>
    servicePool({ connectionString, max, application_name: service.name, ...more }, onProblem);
  const platform = open(databaseUrl, 2);
  const progress = open(serviceDatabaseUrl, 3);
  const effects = open(serviceDatabaseUrl, concurrency + 2, { options: `-c search_path=${service.schema}` });
  const close = async () => {
    for (const pool of [effects, progress, platform]) await pool.end();
  };
  try {
    await bringUpToDate(service, config, { progress, effects });
    return { platform, progress, effects, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function bringUpToDate(
  { schema, migrations }: Service,
  { storage, databaseUrl, serviceDatabaseUrl }: ServiceConfig,
  { progress, effects }: Pick<Databases, 'progress' | 'effects'>,
): Promise<void> {
  const isOwn = databaseUrl !== serviceDatabaseUrl;
  const histories: readonly SchemaHistory[] = [SDK_TABLES, { schema, migrations }];
  // In a database of its own the service keeps the tables of checkpoints; in the platform's they are the platform's affair.
  if (isOwn && storage.migrates) await migrateEventStore(progress);
  else await checkEventStore(progress);
  for (const history of histories) {
    if (storage.migrates) await migrateSchema(effects, history);
    else await checkSchema(effects, history);
  }
}
