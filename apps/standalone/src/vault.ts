import { resealVaults, servicePool, vaultKeysFrom } from '@runledger/platform';
import { misused, readCommandLine } from './command-line.js';
import { print, runDatabaseCommand } from './database/run-database-command.js';
import { readVaultConfig } from './vault.config.js';

const HELP = `npm run vault -- rotate

Seals every secret of every integration and notification channel anew, beside a running platform or without one. Keys of the file get a new one first, and
the old one is destroyed at the end. Of keys in RUNLEDGER_VAULT_KEY, or in a file that cannot be written here, the first one seals; put it there before,
and take the others away afterwards.

  --json    one JSON document instead of text

Works on the database of DATABASE_URL, which must come in as the owner of the tables, or on the embedded one of RUNLEDGER_HOME.`;

const { positionals, values } = readCommandLine(HELP, {
  allowPositionals: true,
  options: { json: { type: 'boolean' } },
});
if (positionals.length === 1 && positionals[0] === 'rotate') await runDatabaseCommand(rotate);
else misused(HELP);

async function rotate(url: string): Promise<void> {
  const { sandbox, keyFile } = readVaultConfig();
  const pool = servicePool({ connectionString: url, max: 2, application_name: 'runledger vault' });
  try {
    const report = await resealVaults(pool, vaultKeysFrom(sandbox.vaultKey, keyFile), [
      'sandbox.vault',
      'approval.vault',
    ]);
    const { keyId, resealed, kept, spareKeys } = report;
    const spare = spareKeys === 0 ? '' : ` Take the ${spareKeys} after it away: they open nothing any more.`;
    const line = `${resealed} of ${kept} secrets were sealed anew; key ${keyId} opens all.${spare}`;
    print(values.json ? JSON.stringify(report) : line);
  } finally {
    await pool.end();
  }
}
