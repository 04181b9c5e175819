import { CommandHandler } from '@runledger/event-store';
import { AccessDesk } from '@runledger/gateway';
import { createLog, systemClock } from '@runledger/platform';
import { lastWords } from './last-words.js';
import { gatewayPepper } from './services/secrets.js';
import { readServiceConfig } from './services/service.config.js';
import { readableLog } from './readable-log.js';
import { openStorage } from './storage.js';

/**
 * Prints a new API token of the owner of the first workspace, which it makes when there is none yet. Needs the gateway's
 * database role and its pepper. Tokens from before are good until they are revoked.
 */
async function printOwnerToken(): Promise<void> {
  const config = readServiceConfig('relay'); // of all services the one that is told least: storage and secrets
  const destination = { write: (line: string) => void process.stderr.write(line) };
  const log = createLog({ level: config.logLevel, service: 'owner-token', destination });
  const storage = await openStorage(config, log, () => undefined); // nothing is embedded here, so nothing can be lost
  try {
    const pepper = await gatewayPepper(config.secretsDir);
    const readModels = { reach: () => Promise.resolve() }; // the gateway will have read it when the token is used
    const desk = new AccessDesk(
      new CommandHandler(readableLog(storage.store, storage)),
      systemClock,
      { pepper },
      readModels,
    );
    const { token = '' } = await desk.bootstrapWorkspace({ freshToken: true });
    process.stdout.write(`${token}\n`);
  } finally {
    await storage.close();
  }
}

try {
  await printOwnerToken();
} catch (error) {
  process.stderr.write(`${lastWords(error)}\n`);
  process.exitCode = 1;
}
