import type { Checkpoints, SubscribeOptions, SubscriptionBatch } from '@runledger/event-store';
import { eventually } from '@runledger/testing';
import { MemoryLog } from '../memory-log.fixture.js';
import { testCheckpoints } from '../test-checkpoints.fixture.js';
import type { TestCheckpoints } from '../test-checkpoints.fixture.js';
import { kafkaThat } from './kafka-double.fixture.js';
import { KafkaRelay } from './kafka-relay.js';

/** Most batches that are sent while one checkpoint is written, and before the one after it is asked for. */
const MOST_SENT_AGAIN = 32;

describe('a relay whose checkpoints take long', () => {
  let database: TestCheckpoints;
  let log: MemoryLog;
  let relays: KafkaRelay[];
  /** The positions that the brokers have, in their order. */
  let sent: string[];
  let checkpoints: Checkpoints;
  /** Until then no checkpoint is written. */
  let writeDown: () => void;

  beforeAll(async () => {
    database = await testCheckpoints();
  });
  beforeEach(async () => {
    [log, relays, sent] = [new MemoryLog(), [], []];
    const stored = await database.of(log);
    await database.pool.query('truncate runledger.checkpoint');
    const held = new Promise<void>(resolve => (writeDown = resolve));
    checkpoints = {
      acquire: (consumer, version, owner) => stored.acquire(consumer, version, owner),
      read: (consumer, version) => stored.read(consumer, version),
      advance: (lease, position) => held.then(() => stored.advance(lease, position)),
    };
  });
  afterEach(async () => {
    writeDown();
    await Promise.all(relays.map(relay => relay.stop()));
  });
  afterAll(() => database.close());

  async function* subscribe(options: SubscribeOptions): AsyncGenerator<SubscriptionBatch> {
    for await (const delivery of log.subscribe(options)) yield { ...delivery, reachedHead: delivery.caughtUp };
  }

  async function relay(owner: string): Promise<KafkaRelay> {
    const kafka = kafkaThat(({ messages }) => {
      sent.push(...messages.map(({ headers }) => headers['ce_position'] ?? ''));
      return Promise.resolve();
    });
    const options = { topic: 'log', owner, batchSize: 1 };
    const started = await KafkaRelay.start({ store: { subscribe }, checkpoints, kafka }, options);
    relays.push(started);
    return started;
  }

  const soon = () => new Promise(resolve => setTimeout(resolve, 50));
  const inTheLog = () => log.events.map(({ position }) => String(position));

  it('does not send more than a bounded number of batches that the next one would send again', async () => {
    const only = await relay('only');
    const last = log.append(...Array.from({ length: 3 * MOST_SENT_AGAIN }, () => ({})));
    await eventually(() => sent.length > 1);
    await soon();
    expect(sent.length).toBeLessThanOrEqual(MOST_SENT_AGAIN);
    writeDown();
    await only.reached(last);
    expect(sent).toEqual(inTheLog());
  });

  it('writes down how far it came before it has stopped, so that the next one sends nothing again', async () => {
    const first = await relay('first');
    log.append({}, {}, {});
    await eventually(() => sent.length === 3);
    let isStopped = false;
    const stopping = first.stop().then(() => (isStopped = true));
    await soon();
    expect(isStopped).toBe(false);
    writeDown();
    await stopping;

    const second = await relay('second');
    await second.reached(log.append({}));
    expect(sent).toEqual(inTheLog());
  });
});
