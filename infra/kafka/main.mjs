/**
 * What `npm run kafka` runs: a Kafka broker for trying things out, until Ctrl-C. Its data stays in .runledger/kafka.
 *
 *   npm run kafka -- --port 9092      default: a free port
 */
import { join } from 'node:path';
import { commandLine, numbersOf } from '../../scripts/command-line.mjs';
import { isOnPath, missingForKafka } from './fetch-kafka.mjs';
import { startKafka } from './start-kafka.mjs';
import { startMock } from './start-mock.mjs';

const dataDir = join(import.meta.dirname, '..', '..', '.runledger', 'kafka');
const { values } = commandLine(import.meta.url, { options: { port: { type: 'string' } } });
const { port = 0 } = numbersOf(import.meta.url, values, ['port']);
try {
  await main();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

async function main() {
  const kafka = await start();
  if (!kafka) return;
  console.log(`${kafka.served} serves at ${kafka.brokers.join(',')}`);
  console.log('Ctrl-C ends it.');
  const asked = new Promise(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => resolve(true));
  });
  if (await Promise.race([asked, kafka.ended.then(() => false)])) {
    await kafka.stop();
    return;
  }
  console.error(`${kafka.served} has ended by itself.`);
  process.exitCode = 1;
}

async function start() {
  const missing = missingForKafka();
  if (missing.length === 0) return startKafka({ dataDir, report: console.log, port });
  console.log(`Apache Kafka itself needs ${missing.join(' and ')}, which is not installed.`);
  if (isOnPath('kcat')) return startMock();
  console.error(
    'Install Java 17 and Maven (Debian: apt-get install openjdk-17-jre-headless maven), or kcat for a mock.',
  );
  process.exitCode = 1;
  return undefined;
}
