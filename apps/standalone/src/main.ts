import { Fault } from '@runledger/kernel';
import { readyText } from './announcement.js';
import { GraphqlClient } from './demo/graphql-client.js';
import { endOnSignal } from './end-on-signal.js';
import { startPlatform } from './platform.js';
import type { Platform } from './platform.js';
import { followUnfinishedRuns } from './run-follower.js';
import { readStandaloneConfig } from './standalone.config.js';
import type { StandaloneConfig } from './standalone.config.js';

/** `npm start`: the whole platform in one process, until Ctrl-C or SIGTERM. */
async function main(): Promise<void> {
  const startedAt = performance.now();
  const config = readStandaloneConfig();
  print(`Runledger starts in ${config.home} …`);
  const starting = startPlatform(config, { sampleRun: config.sample });
  endOnSignal(() => starting.then(platform => platform.stop()), print);
  const platform = await starting;
  print(readyText({ ...facts(platform, config), readyMs: performance.now() - startedAt }));
  const { url, token } = platform;
  await followUnfinishedRuns(new GraphqlClient(`${url}/graphql`, token), { url, token, print });
}

function facts(platform: Platform, config: StandaloneConfig) {
  const embedded = platform.database === 'adopted' ? 'embedded PostgreSQL, found running' : 'embedded PostgreSQL';
  const database = platform.database === 'external' ? 'the PostgreSQL of DATABASE_URL' : embedded;
  return { url: platform.url, token: platform.token, home: config.home, database };
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

try {
  await main();
} catch (error) {
  // A fault says by itself what to do; anything else is a defect, and its stack is what helps.
  process.stderr.write(`${error instanceof Fault ? error.message : String((error as Error).stack ?? error)}\n`);
  process.exitCode = 1;
}
