import { readyText } from './announcement.js';
import { outliveReaders, refuseArguments } from './command-line.js';
import { endOnSignal } from './end-on-signal.js';
import { startPlatform } from './platform.js';
import { readStandaloneConfig } from './standalone.config.js';
import { endNow, fail, followRuns, print, readyFacts } from './terminal.js';

const HELP = `npm start

Starts the whole platform in this process, until Ctrl-C. Environment variables are its only settings, for example

  PORT=4100 RUNLEDGER_HOME=/var/lib/runledger npm start

docs/reference/configuration.md has all of them.`;

const LAST_WORK_MS = 5_000;

/** `npm start`: the whole platform in one process, until Ctrl-C or SIGTERM. */
async function main(): Promise<void> {
  refuseArguments(HELP);
  outliveReaders();
  const startedAt = performance.now();
  const config = readStandaloneConfig();
  print(`Runledger starts in ${config.home} …`);
  const onLost = (error: unknown) => endNow(error, starting, LAST_WORK_MS);
  const starting = startPlatform(config, { sampleRun: config.sample, onLost });
  const ending = endOnSignal(signal => starting.then(platform => platform.stop(signal)), { exitCode: 0, print });
  const platform = await starting;
  if (ending.aborted) return;
  print(readyText({ ...readyFacts(platform, config.home), readyMs: performance.now() - startedAt }));
  await followRuns(platform, ending);
}

try {
  await main();
} catch (error) {
  fail(error);
  process.exitCode = 1;
}
