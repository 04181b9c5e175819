import { migrateDatabase } from './database/migrate-database.js';
import { print, runDatabaseCommand } from './database/run-database-command.js';

/** `npm run migrate`: brings the tables of all services to what this program needs, and says what it does. */
await runDatabaseCommand(url => migrateDatabase(url, print));
