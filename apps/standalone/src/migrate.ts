import { refuseArguments } from './command-line.js';
import { migrateDatabase } from './database/migrate-database.js';
import { print, runDatabaseCommand } from './database/run-database-command.js';

const HELP = `npm run migrate

Brings the tables of all services to what this program needs, and says what it does. Many at once wait for each other.

Works on the database of DATABASE_URL, which must come in as the owner of the tables, or on the embedded one of RUNLEDGER_HOME.`;

refuseArguments(HELP);

/** `npm run migrate`: brings the tables of all services to what this program needs, and says what it does. */
await runDatabaseCommand(url => migrateDatabase(url, print), { mayBegin: true });
