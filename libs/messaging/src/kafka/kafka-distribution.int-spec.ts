import type { EventStore, RecordedEvent } from '@runledger/event-store';
import { eventually } from '@runledger/testing';
import type { EachBatchHandler, Kafka } from 'kafkajs';
import { toMessage } from './cloud-event.js';
import { KafkaWorld } from './kafka-world.fixture.js';

const NOBODY = ['127.0.0.1:9'];
const runs = ['run_1', 'run_2', 'run_3'];

/** Brokers whose topic brings what the spec says, and whose consumers crash when it says so. */
function topicThat() {
  const consumers: { take: EachBatchHandler; crash: () => void }[] = [];
  const done = () => Promise.resolve();
  const consumer = () => {
    const listeners = new Map<string, (event: unknown) => void>();
    const crash = () => listeners.get('crash')?.({ payload: { error: new Error('the consumer has crashed') } });
    const run = ({ eachBatch }: { eachBatch: EachBatchHandler }) => {
      consumers.push({ take: eachBatch, crash });
      return done();
    };
    const on = (name: string, listener: (event: unknown) => void) => void listeners.set(name, listener);
    return {
      events: { FETCH: 'fetch', CRASH: 'crash' },
      on,
      run,
      connect: done,
      subscribe: done,
      seek: done,
      disconnect: done,
    };
  };
  const bring = (event: RecordedEvent) => {
    const message = toMessage(event, event.position - 1n, 'urn:spec');
    const batch = { messages: [{ ...message, value: Buffer.from(message.value) }], lastOffset: () => '0' };
    return consumers.at(-1)?.take({ batch, heartbeat: done } as unknown as Parameters<EachBatchHandler>[0]);
  };
  return { kafka: { consumer } as unknown as Kafka, consumers, bring };
}

describe('events over Kafka', () => {
  let world: KafkaWorld;
  beforeEach(async () => {
    world = await KafkaWorld.open(NOBODY);
  });
  afterEach(() => world.close());

  it('are refused to whoever comes from beyond the end of the log, as after a restore', async () => {
    const options = { after: (await world.tell(runs)) + 1_000n, signal: AbortSignal.timeout(60_000) };
    const first = world.distribution().subscribe(options)[Symbol.asyncIterator]().next();
    await expect(first).rejects.toMatchObject({ code: 'LOG_BEHIND' });
  });

  it('come from the store until the topic has come as far as the log was a while ago, and then over the topic', async () => {
    const { kafka, consumers, bring } = topicThat();
    let looks = 0;
    const store: Pick<EventStore, 'readAll' | 'subscribe' | 'head'> = {
      head: () => world.store.head(),
      subscribe: options => world.store.subscribe(options),
      readAll: options => {
        if (options.limit === 1) looks += 1;
        return world.store.readAll(options);
      },
    };
    const distribution = world.distribution({ lookEveryMs: 20 }, kafka, store);
    const { heard, consumer } = await world.listener('listener', distribution);
    await eventually(() => consumers.length === 1); // from the beginning of the log
    await consumer.reached(await world.tell(runs));
    const [oldest, , newest] = (await world.log()) as [RecordedEvent, RecordedEvent, RecordedEvent];
    await bring(newest);
    expect(distribution.status()?.from).toBe('topic');
    const before = looks;
    await eventually(() => looks >= before + 3);
    expect(distribution.status()?.from).toBe('topic'); // it lacks nothing

    consumers[0]?.crash();
    await eventually(() => distribution.status()?.from === 'store' && consumers.length === 2);
    await bring(oldest);
    expect(distribution.status()).toMatchObject({ from: 'store', repeated: 2 });
    await bring(newest);
    expect(distribution.status()?.from).toBe('topic');
    await consumer.reached(await world.tell(runs)); // which the topic never brings
    expect(heard).toEqual(await world.log());
    expect(distribution.status()?.from).toBe('store');
  });
});
