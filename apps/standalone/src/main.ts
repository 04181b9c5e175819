import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '@runledger/kernel';
import { readyText } from './announcement.js';
import { GraphqlClient } from './demo/graphql-client.js';
import { endOnSignal } from './end-on-signal.js';
import { startPlatform } from './platform.js';
import type { Platform } from './platform.js';
import { followUnfinishedRuns } from './run-follower.js';
import { readStandaloneConfig } from './standalone.config.js';
import type { StandaloneConfig } from './standalone.config.js';

const LAST_WORK_MS = 5_000;

/** `npm start`: the whole platform in one process, until Ctrl-C or SIGTERM. */
async function main(): Promise<void> {
  const startedAt = performance.now();
  const config = readStandaloneConfig();
  print(`Runledger starts in ${config.home} …`);
  const starting = startPlatform(config, { sampleRun: config.sample, onLost: error => endNow(error, starting) });
  const ending = endOnSignal(() => starting.then(platform => platform.stop()), { exitCode: 0, print });
  const platform = await starting;
  if (ending.aborted) return;
  print(readyText({ ...facts(platform, config), readyMs: performance.now() - startedAt }));
  await follow(platform, ending);
}

/** For the convenience of whoever sits at the terminal; the platform does not need it. */
async function follow({ url, token }: Platform, ending: AbortSignal): Promise<void> {
  try {
    await followUnfinishedRuns(new GraphqlClient(`${url}/graphql`, token), { url, token, print });
  } catch (error) {
    if (ending.aborted) return;
    print(`Gates are not announced here any more (${(error as Error).message}); the console shows them.`);
  }
}

/** Nothing can be saved any more; what was executing goes on at the next start (R2). */
function endNow(error: unknown, starting: Promise<Platform>): void {
  fail(error);
  const stopped = starting.then(platform => platform.stop());
  void Promise.allSettled([Promise.race([stopped, delay(LAST_WORK_MS)])]).then(() => process.exit(1));
}

function facts(platform: Platform, config: StandaloneConfig) {
  const embedded = platform.database === 'adopted' ? 'embedded PostgreSQL, found running' : 'embedded PostgreSQL';
  const database = platform.database === 'external' ? 'the PostgreSQL of DATABASE_URL' : embedded;
  return { url: platform.url, token: platform.token, home: config.home, database, log: platform.log };
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** A fault says by itself what to do; anything else is a defect, and its stack is what helps. */
function fail(error: unknown): void {
  process.stderr.write(`${error instanceof Fault ? error.message : String((error as Error).stack ?? error)}\n`);
}

try {
  await main();
} catch (error) {
  fail(error);
  process.exitCode = 1;
}
