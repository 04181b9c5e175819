import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isWholeSweep, testDatabase } from '@runledger/testing';
import { describeWith } from './machine.fixture.js';
import { build, PATIENCE_MS, ROOT } from './platform-process.fixture.js';

const execute = promisify(execFile);
const PROGRAM = join(ROOT, 'scripts', 'load', 'main.mjs');

interface LoadResult {
  readonly runs: number;
  readonly place: string;
  readonly checks: readonly { readonly name: string; readonly met: boolean; readonly detail?: string }[];
}

/** `npm run load`, small. */
async function load(...flags: readonly string[]): Promise<LoadResult> {
  const database = await testDatabase();
  const size = ['--runs', '8', '--steps', '5', '--watchers', '4'];
  const args = [PROGRAM, '--json', '--database', database.url, ...size, ...flags];
  const program = { env: process.env, timeout: PATIENCE_MS, killSignal: 'SIGTERM' } as const;
  try {
    const { stdout } = await execute(process.execPath, args, program);
    return JSON.parse(stdout) as LoadResult;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`The load failed.\n${stdout ?? ''}\n${stderr ?? ''}`, { cause: error });
  } finally {
    await database.drop();
  }
}

/** Where the log is said to be, and that every check was made and met. */
function expectAllMet({ runs, place, checks }: LoadResult, expected: string) {
  expect(checks.filter(({ met }) => !met)).toEqual([]);
  expect([runs, place, checks.length]).toEqual([8, expected, 6]);
}

beforeAll(() => build());

/** Each store and each way to readers is there once; the other two pairs are tried in a whole sweep. */
const inWholeSweep = isWholeSweep() ? it : undefined;

describe('runs with gates complete, each step once, on every engine', () => {
  inWholeSweep?.(
    'PostgreSQL',
    async () => {
      expectAllMet(await load(), 'PostgreSQL, read from the store');
    },
    PATIENCE_MS,
  );

  it(
    'EventStoreDB (its double)',
    async () => {
      expectAllMet(await load('--store', 'eventstoredb'), 'EventStoreDB, read from the store');
    },
    PATIENCE_MS,
  );
});

interface Broker {
  readonly brokers: readonly string[];
  stop(): Promise<void>;
}

describeWith('java', 'mvn')('and over Kafka (needs java and mvn)', () => {
  let broker: Broker;

  beforeAll(async () => {
    const infra = new URL('../../../infra/kafka/start-kafka.mjs', import.meta.url);
    const { startKafka } = (await import(infra.href)) as { startKafka: () => Promise<Broker> };
    broker = await startKafka();
  }, 300_000);
  afterAll(() => broker.stop());

  const overKafka = (...flags: readonly string[]) =>
    load('--distribution', 'kafka', '--brokers', broker.brokers.join(','), ...flags);
  const brought = /, brought by Kafka \(topic load-\w+\)$/;

  it(
    'PostgreSQL',
    async () => {
      const result = await overKafka();
      expectAllMet({ ...result, place: result.place.replace(brought, '') }, 'PostgreSQL');
    },
    PATIENCE_MS,
  );

  inWholeSweep?.(
    'EventStoreDB (its double)',
    async () => {
      const result = await overKafka('--store', 'eventstoredb');
      expectAllMet({ ...result, place: result.place.replace(brought, '') }, 'EventStoreDB');
    },
    PATIENCE_MS,
  );
});
