export { PostgresMissingError } from './binaries.js';
export type { ServerWatcher } from './embedded-server.js';
export { openPostgres, runningPostgres } from './open-postgres.js';
export type { OpenedPostgres, OpenPostgresOptions } from './open-postgres.js';
export { PostgresFailedError } from './postgres-errors.js';
export { servicePool } from './service-pool.js';
