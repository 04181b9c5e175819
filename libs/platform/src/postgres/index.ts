export { PostgresMissingError } from './binaries.js';
export { openPostgres } from './open-postgres.js';
export type { OpenedPostgres, OpenPostgresOptions } from './open-postgres.js';
export { PostgresFailedError } from './postgres-errors.js';
