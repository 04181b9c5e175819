import type { Position, SubscribeOptions, SubscriptionBatch } from '@runledger/event-store';
import { eventually } from '@runledger/testing';
import kafkajs from 'kafkajs';
import { MemoryLog } from '../memory-log.fixture.js';
import { testCheckpoints } from '../test-checkpoints.fixture.js';
import type { CountedCheckpoints, TestCheckpoints } from '../test-checkpoints.fixture.js';
import { kafkaThat } from './kafka-double.fixture.js';
import { RelayOnDuty } from './relay-on-duty.js';

const LOOKS = 6;

describe('relays of which one is on duty', () => {
  let database: TestCheckpoints;
  let checkpoints: CountedCheckpoints;
  let log: MemoryLog;
  let relays: RelayOnDuty[];
  beforeAll(async () => {
    database = await testCheckpoints();
  });
  beforeEach(async () => {
    [log, relays] = [new MemoryLog(), []];
    checkpoints = await database.of(log);
    await database.pool.query('truncate runledger.checkpoint');
  });
  afterEach(() => Promise.all(relays.map(relay => relay.stop())));
  afterAll(() => database.close());

  async function relay(
    owner: string,
    takeOverAfterMs: number,
    head: () => Promise<Position>,
    kafka = kafkaThat(() => Promise.resolve()),
  ): Promise<RelayOnDuty> {
    const options = { topic: 'log', owner, takeOverAfterMs };
    const started = await RelayOnDuty.start({ store: { subscribe, head }, checkpoints, kafka }, options);
    relays.push(started);
    return started;
  }

  async function* subscribe(options: SubscribeOptions): AsyncGenerator<SubscriptionBatch> {
    for await (const delivery of log.subscribe(options)) yield { ...delivery, reachedHead: delivery.caughtUp };
  }

  /**
   * Two relays, the first of which has heard that the second is on duty. `head`: where the log ends, as the first sees it from then on
   * whenever it looks whether to take over.
   */
  async function offDuty(head: (on: RelayOnDuty) => Promise<Position>) {
    let [looks, working]: [number, RelayOnDuty | undefined] = [0, undefined];
    const off = await relay('early', 20, () => {
      looks += 1;
      return working ? head(working) : Promise.resolve(0n);
    });
    await off.reached(log.append({}));
    const on = await relay('late', 600_000, () => log.head());
    await on.reached(log.append({}));
    await eventually(() => expect(off.status()).toMatchObject({ state: 'stopped', reason: 'fenced' }));
    working = on;
    const afterLooks = () => {
      const enough = looks + LOOKS;
      return eventually(() => looks >= enough);
    };
    return { on, off, afterLooks };
  }

  it('leave the one on duty alone while there is nothing to bring', async () => {
    const { on, off, afterLooks } = await offDuty(() => log.head());
    await afterLooks();
    expect([off.status().reason, on.status().state]).toEqual(['fenced', 'live']);
  });

  it('leave the one on duty alone that is behind, and works', async () => {
    let hasMoved = false; // since the look before
    const { on, off, afterLooks } = await offDuty(async working => {
      const position = log.append({});
      await working.reached(position);
      const head = hasMoved ? position + 1n : 0n;
      hasMoved = true;
      return head;
    });
    await afterLooks();
    expect([off.status().reason, on.status().reason]).toEqual(['fenced', undefined]);
  });

  it('take over from one that stands still while the log has more', async () => {
    const { on, off } = await offDuty(() => log.head());
    await on.stop();
    const last = log.append({});
    await eventually(() => expect(off.status()).toMatchObject({ state: 'live', position: last }));
  });

  it('do not take over from themselves while the brokers are away', async () => {
    const away = kafkaThat(() => Promise.reject(new kafkajs.KafkaJSConnectionError('nobody listens')));
    const only = await relay('only', 20, () => log.head(), away);
    log.append({});
    await new Promise(resolve => setTimeout(resolve, 300));
    const { rows } = await database.pool.query('select epoch::int from runledger.checkpoint');
    expect([rows, only.status().reason]).toEqual([[{ epoch: 1 }], undefined]);
  });
});
