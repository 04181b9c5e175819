import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { resolve, join } from 'node:path';
import { misused, readCommandLine } from './command-line.js';
import { keepRoleUrls, writeSecretFile } from './database/role-urls.js';
import { lastWords } from './last-words.js';
import { makeSecrets } from './services/secrets.js';

const HELP = `make-secrets <folder> [--database <host>:<port>/<name>]

Makes the secrets of an installation that are missing in <folder>, each in a file for its owner alone:

  pepper, gateway.key   for the gateway         export-cursors, audit-signing   for audit
  gateway.pub           for the services that answer its commands
  orchestrator.key      for the orchestrator    orchestrator.pub for billing, which answers its commands
  sandbox.key           for the sandboxes       sandbox.pub      for billing and the orchestrator, which answer their commands
  vault.key             for the sandbox service, which seals the secrets of integrations with it

With --database also the DATABASE_URL of each service's role (<service>.url), of the role that migrates (migrator.url), and of
the server's administrator (admin.url, postgres-password). Files that are there are kept.`;

const { values, positionals } = readCommandLine(HELP, {
  allowPositionals: true,
  options: { database: { type: 'string' } },
});
const [folder] = positionals;
if (folder === undefined) misused(HELP);
else
  await make(resolve(folder), values.database).catch((error: unknown) => {
    process.stderr.write(`${lastWords(error)}\n`);
    process.exitCode = 1;
  });

async function make(into: string, database: string | undefined): Promise<void> {
  await makeSecrets(into);
  if (database !== undefined) await makeDatabaseSecrets(into, database);
  process.stdout.write(`The secrets are in ${into}\n`);
}

async function makeDatabaseSecrets(into: string, database: string): Promise<void> {
  await keepRoleUrls({ folder: into, databaseUrl: `postgres://${database}` });
  const file = join(into, 'postgres-password');
  if (existsSync(file)) return;
  const password = randomBytes(24).toString('base64url');
  await writeSecretFile(join(into, 'admin.url'), `postgres://postgres:${password}@${database}`);
  await writeSecretFile(file, password); // last: while it is missing, both are made anew
}
