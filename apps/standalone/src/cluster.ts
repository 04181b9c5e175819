import { processesText, readyText } from './announcement.js';
import { readClusterConfig } from './cluster/cluster.config.js';
import { startCluster } from './cluster/start-cluster.js';
import type { Cluster } from './cluster/start-cluster.js';
import { helpWhenAsked, outliveReaders } from './command-line.js';
import { endOnSignal } from './end-on-signal.js';
import { endNow, fail, followRuns, print, readyFacts } from './terminal.js';

const HELP = `npm run start:cluster -- [--replicas <service>=<number>,…]

Starts each service in processes of its own, and a supervisor that keeps them running, until Ctrl-C. Services that are not named have one
process. All other settings are environment variables: docs/reference/configuration.md has them.

  npm run start:cluster -- --replicas orchestrator=2,sandbox=2,gateway=2`;

/** A little longer than a process of it may take. */
const LAST_WORK_MS = 40_000;

/** `npm run start:cluster -- --replicas orchestrator=2,sandbox=2`: each service in processes of its own, until Ctrl-C or SIGTERM. */
async function main(): Promise<void> {
  helpWhenAsked(HELP);
  outliveReaders();
  const startedAt = performance.now();
  const config = readClusterConfig(process.argv.slice(2));
  print(`Runledger starts in ${config.home}, each service in processes of its own …`);
  const asked = new AbortController();
  const onLost = (error: unknown) => endNow(error, starting, LAST_WORK_MS);
  const starting = startCluster(config, { print, onLost, ending: asked.signal });
  process.on('SIGUSR2', () => void starting.then(restart));
  const ending = endOnSignal(() => starting.then(cluster => cluster.stop()), { exitCode: 0, print, asked });
  const cluster = await starting;
  if (ending.aborted) return;
  print(readyText({ ...readyFacts(cluster, config.home), readyMs: performance.now() - startedAt }));
  print(processesText(cluster.members(), process.pid));
  await followRuns(cluster, ending);
}

async function restart(cluster: Cluster): Promise<void> {
  print('Every process is replaced, one after the other …');
  try {
    await cluster.restart();
    print('Every process was replaced.');
  } catch (error) {
    fail(error);
    print('The restart was given up; the processes behind this one are as they were.');
  }
}

try {
  await main();
} catch (error) {
  fail(error);
  process.exit(1);
}
