import { jest } from '@jest/globals';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { eventually, testDatabase } from '@runledger/testing';
import type { TestDatabase } from '@runledger/testing';
import pg from 'pg';
import { profileNamed } from './counted-work.fixture.js';
import { startBroker } from './kafka-broker.fixture.js';
import type { KafkaBroker } from './kafka-broker.fixture.js';
import { enoughOfTheDay } from './day.fixture.js';
import { describeWith } from './machine.fixture.js';
import { build, PATIENCE_MS, ROOT, TemporaryHome } from './platform-process.fixture.js';
import type { PlatformProcess } from './platform-process.fixture.js';

jest.setTimeout(PATIENCE_MS);

const FLOW = (slug: string, run: string) => `
slug: ${slug}
defaults: { profile: plain }
steps: [{ key: only, run: '${run}' }]
`;
const RUNS = 4;

/** Where digests are posted to; the first answer gets lost on its way. */
class Mailbox {
  readonly received: { readonly key: string; readonly digest: Record<string, unknown> }[] = [];
  readonly #server = createServer((request, response) => {
    let body = '';
    request.on('data', chunk => (body += String(chunk)));
    request.on('end', () => {
      const key = String(request.headers['idempotency-key']);
      this.received.push({ key, digest: JSON.parse(body) as Record<string, unknown> });
      if (this.received.length === 1) request.socket.destroy();
      else response.end();
    });
  });

  async open(): Promise<string> {
    await new Promise<void>(resolve => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/digests`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** The example as a reader starts it. */
class DigestService {
  output = '';
  readonly #child: ChildProcess;

  constructor(args: readonly string[], environment: Readonly<Record<string, string>>) {
    const script = join(ROOT, 'examples', 'daily-digest', 'service.mjs');
    this.#child = spawn(process.execPath, [script, ...args], { env: { ...process.env, ...environment } });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', chunk => (this.output += String(chunk)));
    }
  }

  async end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.#child.exitCode !== null) return this.#child.exitCode;
    const ended = once(this.#child, 'close') as Promise<[number | null]>;
    this.#child.kill(signal);
    return (await ended)[0];
  }
}

describeWith(
  'bwrap',
  'java',
  'mvn',
)('the daily digest, a service on the events (needs bwrap, java and mvn)', () => {
  const home = new TemporaryHome();
  const mailbox = new Mailbox();
  let kafka: KafkaBroker;
  let database: TestDatabase;
  let platform: PlatformProcess;
  let address: string;

  beforeAll(async () => {
    build();
    await enoughOfTheDay();
    [kafka, database] = await Promise.all([startBroker(), testDatabase()]);
    platform = await home.start({ RUNLEDGER_SAMPLE: 'off', DISTRIBUTION: 'kafka', ...reach() });
    address = await mailbox.open();
    await platform.api.publishProfile(profileNamed('plain'));
    await platform.api.publishFlow(FLOW('fine', 'true'));
    await platform.api.publishFlow(FLOW('broken', 'false'));
  }, PATIENCE_MS);

  afterAll(async () => {
    await home.giveBack();
    mailbox.close();
    await kafka.stop();
    await database.drop();
  });

  const reach = () => ({ DATABASE_URL: database.url, KAFKA_BROKERS: kafka.brokers.join(',') });
  const service = () => ({ ...reach(), DISTRIBUTION: 'kafka', DIGESTS_TO: address });
  const runs = async (flow: string, status: string) => {
    const ids = await Promise.all(Array.from({ length: RUNS }, () => platform.api.started(flow)));
    await Promise.all(ids.map(id => platform.api.reaches(id, status)));
  };

  it('counts every run once although it is killed, and posts the same digest again when its answer was lost', async () => {
    const first = new DigestService([], service());
    const killed = runs('fine', 'COMPLETED');
    await eventually(() => expect(first.output).toContain('daily-digest has started'));
    await first.end('SIGKILL');
    await Promise.all([killed, runs('broken', 'FAILED')]);

    const second = new DigestService(['--today', '2100-01-01'], service());
    await eventually(() => expect(second.output).toContain('Posted'), 60_000);
    const [lost, again, ...others] = mailbox.received;
    expect(others).toEqual([]);
    expect(again).toEqual(lost);
    expect(again?.digest).toMatchObject({
      workspace: 'ws_default',
      started: 2 * RUNS,
      completed: RUNS,
      failed: RUNS,
      rejected: 0,
      cancelled: 0,
    });
    expect(await second.end('SIGTERM')).toBe(0);
  });

  it('is shared by two copies, and goes on in one when the other is killed', async () => {
    const copies = [new DigestService([], service()), new DigestService([], service())];
    await eventually(() => copies.forEach(copy => expect(copy.output).toContain('daily-digest has started')));
    await runs('fine', 'COMPLETED');
    await copies[0]?.end('SIGKILL');
    await runs('fine', 'COMPLETED');
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    try {
      const completed = async () =>
        (await client.query<{ n: number }>('select sum(completed)::int as n from daily_digest.day')).rows;
      await eventually(async () => expect(await completed()).toEqual([{ n: 3 * RUNS }]), 60_000);
    } finally {
      await client.end();
    }
    expect(await copies[1]?.end('SIGTERM')).toBe(0);
  });
});
