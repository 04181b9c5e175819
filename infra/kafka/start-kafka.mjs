import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fetchKafka, kafkaVersion } from './fetch-kafka.mjs';
import { startGuarded } from './guarded.mjs';

const CLUSTER_ID = 'MkU3OEVBNTcwNTJENDM2Qg';
const START_LIMIT_MS = 90_000;
const JAVA = [
  '-Xmx256m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
];

/**
 * Starts a real Apache Kafka broker: KRaft, one node, loopback only. What is fetched first time is kept for all later ones.
 *
 * - `dataDir`: kept after the stop. Left out: a temporary folder, removed by the stop.
 * - `port`: where it listens. Left out or 0: a free one.
 * - `report`: told what goes on.
 */
export async function startKafka({ dataDir, port, report = () => undefined } = {}) {
  const jars = await fetchKafka(report);
  const folder = dataDir ?? mkdtempSync(join(tmpdir(), 'runledger-kafka-'));
  const ports = { broker: port || (await freePort()), controller: await freePort() };
  const remove = () => {
    if (!dataDir) rmSync(folder, { recursive: true, force: true });
  };
  try {
    const broker = await launch(jars, folder, ports);
    return {
      brokers: [`127.0.0.1:${ports.broker}`],
      port: ports.broker,
      served: `Apache Kafka ${kafkaVersion()}`,
      ended: broker.ended,
      stop: async () => {
        await broker.stop();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}

async function launch(jars, folder, ports) {
  mkdirSync(folder, { recursive: true });
  const settings = join(folder, 'server.properties');
  const data = join(folder, 'data');
  writeFileSync(settings, propertiesOf(data, ports));
  const classes = join(jars, '*');
  if (!existsSync(data)) await format(classes, settings, data);
  const broker = startGuarded('java', [...JAVA, '-cp', classes, 'kafka.Kafka', settings]);
  try {
    await untilReady(broker, ports.broker);
    return broker;
  } catch (error) {
    await broker.stop();
    throw error;
  }
}

/** Formatting takes a Java start of its own and always gives the same, so the result of the first time is kept beside the jars. */
async function format(classes, settings, data) {
  const kept = join(classes, '..', '..', `kafka-${kafkaVersion()}-formatted`);
  if (!existsSync(kept)) {
    const tool = startGuarded('java', [
      ...[...JAVA, '-cp', classes, 'kafka.tools.StorageTool', 'format'],
      ...['--cluster-id', CLUSTER_ID, '--config', settings],
    ]);
    const code = await tool.ended;
    if (code !== 0) throw new Error(`Kafka's storage could not be prepared (exit ${code}). It said:\n${tool.output()}`);
    keep(data, kept);
  }
  cpSync(kept, data, { recursive: true });
}

function keep(data, kept) {
  const unfinished = mkdtempSync(`${kept}-`);
  cpSync(data, unfinished, { recursive: true });
  rmSync(data, { recursive: true });
  try {
    renameSync(unfinished, kept);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(kept)) throw error; // otherwise somebody else was faster
  }
}

function propertiesOf(data, ports) {
  return Object.entries({
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${ports.controller}`,
    listeners: `PLAINTEXT://127.0.0.1:${ports.broker},CONTROLLER://127.0.0.1:${ports.controller}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${ports.broker}`,
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': data,
    'num.network.threads': 2,
    'num.io.threads': 2,
    'offsets.topic.num.partitions': 1,
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
    'auto.create.topics.enable': false,
  })
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}

/** The port opens only after the broker has left recovery and joined its quorum. */
async function untilReady(broker, port) {
  let ended = false;
  void broker.ended.then(() => (ended = true));
  const deadline = Date.now() + START_LIMIT_MS;
  while (!(await answers(port))) {
    if (ended) throw new Error(`Kafka ended while it started. It said:\n${broker.output()}`);
    if (Date.now() > deadline)
      throw new Error(`Kafka was not ready after ${START_LIMIT_MS} ms. It said:\n${broker.output()}`);
    await delay(50);
  }
}

function answers(port) {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1');
    const end = result => {
      socket.destroy();
      resolve(result);
    };
    socket.once('connect', () => end(true)).once('error', () => end(false));
  });
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
