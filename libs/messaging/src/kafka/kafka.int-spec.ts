import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { MAX_EVENT_BYTES } from '@runledger/event-store';
import type { Checkpoints, EventStore, RecordedEvent } from '@runledger/event-store';
import { eventually } from '@runledger/testing';
import kafkajs from 'kafkajs';
import type { Kafka } from 'kafkajs';
import { fromMessage, toMessage } from './cloud-event.js';
import { KAFKA_4_VERSIONS } from './kafka-4-versions.fixture.js';
import { kafkaClient } from './kafka-client.js';
import { KafkaWorld } from './kafka-world.fixture.js';
import { brokersOwnVersions, keyOf, unspoken } from './protocol-versions.fixture.js';
import { missingForKafka, startKafka } from './test-broker.fixture.js';
import type { TestBroker } from './test-broker.fixture.js';

const FETCH_AND_START_MS = 300_000;
const NEVER_MS = 600_000;
const onKafka = missingForKafka().length === 0 ? describe : describe.skip;
const runs = Array.from({ length: 20 }, (_, n) => `run_${n}`);

/** The first consumers of a fresh broker crash while it prepares for them; that is what another spec is about. */
async function untilGroupsAreServed({ brokers }: TestBroker): Promise<void> {
  const admin = kafkaClient({ brokers }).admin();
  await admin.connect();
  await eventually(() => admin.fetchOffsets({ groupId: 'anybody' }), 60_000).finally(() => admin.disconnect());
}

/** The store, whose subscriptions tell everything so much later. */
function late(store: EventStore, ms: number): Pick<EventStore, 'readAll' | 'subscribe' | 'head'> {
  return {
    readAll: options => store.readAll(options),
    head: () => store.head(),
    subscribe: async function* (options) {
      for await (const batch of store.subscribe(options)) {
        await delay(ms);
        yield batch;
      }
    },
  };
}

onKafka('events over Kafka (needs java and mvn)', () => {
  let dataDir: string;
  let broker: TestBroker;
  let world: KafkaWorld;

  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'runledger-kafka-spec-'));
    broker = await startKafka({ dataDir });
    await untilGroupsAreServed(broker);
  }, FETCH_AND_START_MS);
  afterAll(async () => {
    await broker.stop();
    rmSync(dataDir, { recursive: true });
  });
  beforeEach(async () => {
    world = await KafkaWorld.open(broker.brokers);
  });
  afterEach(async () => {
    await world.close();
  });

  it('reach reactors from the first to the last, in one order', async () => {
    for (let round = 0; round < 5; round += 1) await world.tell(runs);
    await world.relay();
    const distribution = world.distribution({ lookEveryMs: NEVER_MS });
    const { heard, consumer } = await world.listener('listener', distribution);
    for (let round = 0; round < 10; round += 1) await world.tell(runs);
    await world.untilOverTopic(distribution);
    const before = distribution.status()?.fromTopic ?? 0;
    await consumer.reached(await world.tell(runs));
    expect(heard).toEqual(await world.log());
    expect(distribution.status()).toMatchObject({ from: 'topic', repaired: 0, foreign: 0 });
    expect((distribution.status()?.fromTopic ?? 0) - before).toBe(20);
  });

  it('that come over the topic before the store has told of them are not taken for lost', async () => {
    await world.relay();
    const distribution = world.distribution({ lookEveryMs: NEVER_MS }, world.kafka, late(world.store, 300));
    const { heard, consumer } = await world.listener('listener', distribution);
    await world.untilOverTopic(distribution);
    for (let round = 0; round < 5; round += 1) await consumer.reached(await world.tell(runs));
    expect(heard).toEqual(await world.log());
    expect(distribution.status()).toMatchObject({ from: 'topic', repaired: 0 });
  });

  it('reach readers that are slower than the window, and readers that begin anew', async () => {
    await world.relay();
    const distribution = world.distribution({ windowEvents: 5 });
    const early = await world.listener('early', distribution);
    await world.untilOverTopic(distribution);
    for (let round = 0; round < 10; round += 1) await world.tell(runs);
    const late = await world.listener('late', distribution);
    const last = await world.tell(runs);
    await Promise.all([early.consumer.reached(last), late.consumer.reached(last)]);
    expect(early.heard).toEqual(await world.log());
    expect(late.heard).toEqual(await world.log());
  });

  it('reach a reactor only in the types that it wants, and its checkpoint passes the others', async () => {
    await world.relay();
    const distribution = world.distribution();
    const { heard, consumer } = await world.listener('choosy', distribution);
    await world.untilOverTopic(distribution);
    await consumer.reached(await world.tell(runs, 'Noise'));
    expect(new Set(heard.map(event => event.type))).toEqual(new Set(['Told']));
    expect(heard).toEqual((await world.log()).filter(event => event.type === 'Told'));
  });

  it('may be as large as the store takes them', async () => {
    await world.relay();
    const distribution = world.distribution({ lookEveryMs: NEVER_MS });
    const { heard, consumer } = await world.listener('listener', distribution);
    await world.untilOverTopic(distribution);
    await consumer.reached(await world.tell(['run_0', 'run_1', 'run_2'], 'Told', 'x'.repeat(MAX_EVENT_BYTES - 1_000)));
    expect(heard).toEqual(await world.log());
  });

  it('are CloudEvents to everybody, keyed by the run, and each tells which position came before it', async () => {
    const relay = await world.relay({ source: 'urn:runledger:spec' });
    await relay.reached(await world.tell(runs));
    const [first, ...others] = await world.topicContents();
    const events = await world.log();
    expect(first!.key?.toString()).toBe(events[0]!.metadata.correlationId);
    const { position, revision, stream, id } = events[0]!;
    const headers = Object.entries(first!.headers!).map(([name, value]) => [name, String(value)]);
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'application/json',
      ce_specversion: '1.0',
      ce_id: id,
      ce_type: 'Told',
      ce_source: 'urn:runledger:spec',
      ce_time: '2026-01-01T00:00:00.000Z',
      ce_subject: stream,
      ce_stream: stream,
      ce_tenant: 'ws_1',
      ce_position: String(position),
      ce_revision: String(revision),
      ce_schemaversion: '1',
      ce_dataschema: 'urn:runledger:event:Told:v1',
      ce_correlationid: events[0]!.metadata.correlationId,
    });
    const relayed = [first!, ...others].map(fromMessage);
    expect(relayed.map(({ event }) => event)).toEqual(events);
    expect(relayed.map(({ previous }) => previous)).toEqual([0n, ...events.map(event => event.position)].slice(0, -1));
  });

  it('come twice after a relay was killed between sending and its checkpoint, and are handled once', async () => {
    class KilledBeforeCheckpoint extends Error {}
    const checkpoints = world.checkpoints();
    const dying: Checkpoints = {
      acquire: (consumer, version, owner) => checkpoints.acquire(consumer, version, owner),
      read: (consumer, version) => checkpoints.read(consumer, version),
      advance: lease => Promise.reject(new KilledBeforeCheckpoint(lease.consumer)),
    };
    const distribution = world.distribution();
    const { heard, consumer } = await world.listener('listener', distribution);
    const first = await world.relay();
    await world.untilOverTopic(distribution);
    await first.stop();
    const killed = await world.relay({ retry: { attempts: 1 } }, dying);
    await world.tell(runs);
    await eventually(() => expect(killed.status().state).toBe('faulted'));
    const relay = await world.relay();
    const last = await world.tell(runs);
    await Promise.all([relay.reached(last), consumer.reached(last)]);
    const events = await world.log();
    expect(heard).toEqual(events);
    const sent = (await world.topicContents()).map(message => fromMessage(message).event.id);
    expect(new Set(sent)).toEqual(new Set(events.map(event => event.id)));
    expect(sent.length).toBeGreaterThan(events.length);
    await eventually(() => distribution.status()!.repeated > 0);
  });

  it('that the topic lost are read from the store', async () => {
    const distribution = world.distribution({ lookEveryMs: 200 });
    const { heard, consumer } = await world.listener('listener', distribution);
    const before = await world.relay();
    await world.untilOverTopic(distribution);
    const patient = world.distribution({ lookEveryMs: NEVER_MS });
    const other = await world.listener('patient', patient);
    await world.untilOverTopic(patient);
    await before.reached(await world.tell(runs));
    await before.stop();
    const lost = await world.tell(runs);
    const lease = await world.checkpoints().acquire(before.name, 1, 'somebody who skips');
    await world.checkpoints().advance(lease, lost);
    await world.relay();
    const last = await world.tell(runs);
    await Promise.all([consumer.reached(last), other.consumer.reached(last)]);
    expect(heard).toEqual(await world.log());
    expect(other.heard).toEqual(await world.log());
    expect(patient.status()).toMatchObject({ from: 'topic', repaired: 20 });
  });

  it('are read from the store while no relay runs', async () => {
    const distribution = world.distribution({ lookEveryMs: 100 });
    const { heard, consumer } = await world.listener('listener', distribution);
    const relay = await world.relay();
    await world.untilOverTopic(distribution);
    await relay.stop();
    await consumer.reached(await world.tell(runs));
    expect(heard).toEqual(await world.log());
    expect(distribution.status()).toMatchObject({ from: 'store' });
    const next = await world.relay();
    await world.untilOverTopic(distribution);
    await next.reached(await world.tell(runs));
    expect(await world.topicContents()).toHaveLength((await world.log()).length);
  });

  it('go on with a fresh consumer after one has crashed', async () => {
    let crash = false;
    const crashing = (): Kafka => {
      const kafka = kafkaClient({ brokers: broker.brokers });
      const consumer: Kafka['consumer'] = config => {
        const real = kafka.consumer(config);
        const run: typeof real.run = options =>
          real.run({
            ...options,
            eachBatch: payload => {
              if (!crash) return options!.eachBatch!(payload);
              crash = false;
              throw new kafkajs.KafkaJSNonRetriableError('GroupCoordinatorNotFound');
            },
          });
        return Object.assign(Object.create(real) as typeof real, { run });
      };
      return Object.assign(Object.create(kafka) as Kafka, { consumer });
    };
    await world.relay();
    const distribution = world.distribution({ lookEveryMs: NEVER_MS }, crashing());
    const { heard, consumer } = await world.listener('listener', distribution);
    await world.untilOverTopic(distribution);
    const made = distribution.status()!.consumers;
    crash = true;
    await consumer.reached(await world.tell(runs));
    await world.untilOverTopic(distribution);
    await consumer.reached(await world.tell(runs));
    expect(heard).toEqual(await world.log());
    expect(distribution.status()).toMatchObject({ from: 'topic', consumers: made + 1, repaired: 0 });
  });

  it('go on with a fresh consumer after one has fallen silent without a word', async () => {
    let silent = true;
    const sometimesSilent = (): Kafka => {
      const kafka = kafkaClient({ brokers: broker.brokers });
      const consumer: Kafka['consumer'] = config => {
        const real = kafka.consumer(config);
        if (!silent) return real;
        silent = false;
        const run = () => Promise.resolve();
        return Object.assign(Object.create(real) as typeof real, { run });
      };
      return Object.assign(Object.create(kafka) as Kafka, { consumer });
    };
    await world.relay();
    const distribution = world.distribution({ lookEveryMs: NEVER_MS, silenceMs: 6_000 }, sometimesSilent());
    const { heard, consumer } = await world.listener('listener', distribution);
    await world.untilOverTopic(distribution);
    await consumer.reached(await world.tell(runs));
    expect(heard).toEqual(await world.log());
    expect(distribution.status()!.consumers).toBeGreaterThan(1);
  });

  it('are brought by one relay: who starts one fences off the one before', async () => {
    const distribution = world.distribution();
    const { heard, consumer } = await world.listener('listener', distribution);
    const first = await world.relay();
    await world.untilOverTopic(distribution);
    const second = await world.relay();
    const last = await world.tell(runs);
    await Promise.all([second.reached(last), consumer.reached(last)]);
    await eventually(() => expect(first.status()).toMatchObject({ state: 'stopped', reason: 'fenced' }));
    await eventually(() => expect(second.status()).toMatchObject({ state: 'live', position: last }));
    expect(heard).toEqual(await world.log());
  });

  it('are brought on by another relay when the one on duty stands still', async () => {
    const distribution = world.distribution({ lookEveryMs: NEVER_MS });
    const { heard, consumer } = await world.listener('listener', distribution);
    const [early, late] = [await world.relayOnDuty(), await world.relayOnDuty()];
    await world.untilOverTopic(distribution);
    await eventually(() => expect(early.status()).toMatchObject({ state: 'stopped', reason: 'fenced' }));
    await late.stop();
    const last = await world.tell(runs);
    await eventually(() => expect(early.status()).toMatchObject({ state: 'live', position: last }));
    await consumer.reached(last);
    expect(heard).toEqual(await world.log());
    expect(distribution.status()).toMatchObject({ from: 'topic', repaired: 0 });
  });

  it('of one run, of one workspace, reach whoever asks for no others', async () => {
    await world.relay();
    const distribution = world.distribution({ windowEvents: 30 });
    await world.listener('listener', distribution);
    for (let round = 0; round < 3; round += 1) await world.tell(runs);
    await world.untilOverTopic(distribution);
    const follow = async (filter: { tenant?: string; correlationId?: string }, count: number) => {
      const ending = new AbortController();
      const seen: RecordedEvent[] = [];
      for await (const { events } of distribution.subscribe({ ...filter, after: 0n, signal: ending.signal })) {
        seen.push(...events);
        if (seen.length >= count) ending.abort();
      }
      return seen;
    };
    const following = [follow({ tenant: 'ws_1', correlationId: 'run_7' }, 4), follow({ correlationId: 'run_8' }, 4)];
    await world.tell(runs);
    const log = await world.log();
    const storyOf = (run: string) => log.filter(event => event.metadata.correlationId === run);
    expect(await Promise.all(following)).toEqual([storyOf('run_7'), storyOf('run_8')]);
  });

  it('are not brought to a topic that cannot keep their order', async () => {
    const admin = world.kafka.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: world.topic, numPartitions: 3 }] });
    await admin.disconnect();
    const relay = await world.relay({ retry: { attempts: 1 } });
    await eventually(() => expect(relay.status().state).toBe('faulted'));
    expect(relay.status().fault?.message).toContain('3 partitions');
  });

  it('are told apart from what others write to the topic', async () => {
    await world.relay();
    const distribution = world.distribution({ lookEveryMs: NEVER_MS });
    const { heard, consumer } = await world.listener('listener', distribution);
    await world.untilOverTopic(distribution);
    const [event] = await world.log();
    const beyond = toMessage({ ...event!, position: 1_000_000_000n }, 999_999_999n, 'urn:another-log');
    const producer = world.kafka.producer();
    await producer.connect();
    const garbage = { value: 'not ours' };
    await producer.send({ topic: world.topic, messages: [garbage, { ...beyond, headers: { ...beyond.headers } }] });
    await producer.disconnect();
    await eventually(() => expect(distribution.status()).toMatchObject({ foreign: 1, from: 'store' }));
    await consumer.reached(await world.tell(runs));
    await world.untilOverTopic(distribution);
    await consumer.reached(await world.tell(runs));
    expect(heard).toEqual(await world.log());
  });

  it('go on over a topic that was removed', async () => {
    const relay = await world.relay();
    const distribution = world.distribution({ lookEveryMs: 200 });
    const { heard, consumer } = await world.listener('listener', distribution);
    await world.untilOverTopic(distribution);
    const admin = world.kafka.admin();
    await admin.connect();
    await admin.deleteTopics({ topics: [world.topic] }).finally(() => admin.disconnect());
    const last = await world.tell(runs);
    await Promise.all([relay.reached(last), consumer.reached(last)]);
    await world.untilOverTopic(distribution);
    await consumer.reached(await world.tell(runs));
    expect(heard).toEqual(await world.log());
  });

  it('are read from the store while the broker is away, and over the topic when it is back', async () => {
    const told: string[] = [];
    const tell = (_: object, message: string) => void told.push(message);
    const logger = { info: tell, warn: tell, error: tell };
    const relay = await world.relay({ retry: { maxDelayMs: 500 }, logger });
    const distribution = world.distribution({ lookEveryMs: 200, logger });
    const { heard, consumer } = await world.listener('listener', distribution);
    await world.untilOverTopic(distribution);
    told.length = 0;
    const { port } = broker;
    await broker.stop();
    await consumer.reached(await world.tell(runs));
    expect(distribution.status()).toMatchObject({ from: 'store' });
    broker = await startKafka({ dataDir, port });
    await world.untilOverTopic(distribution);
    const last = await world.tell(runs);
    await Promise.all([relay.reached(last), consumer.reached(last)]);
    const events = await world.log();
    expect(heard).toEqual(events);
    const sent = (await world.topicContents()).map(message => fromMessage(message).event.id);
    expect(new Set(sent)).toEqual(new Set(events.map(event => event.id)));
    // Operators hear that it is away, and in the end that it is back; a broker that is about to begin may be away twice.
    for (const what of ['reading the topic', 'sending to Kafka']) {
      const of = told.filter(message => message.startsWith(what));
      expect([of.at(0), of.at(-1)]).toEqual([`${what} failed; it is tried again`, `${what} works again`]);
      expect(of.filter((message, index) => message === of[index - 1])).toEqual([]);
    }
  });

  it('are spoken about in versions that the client and this broker share', async () => {
    const versions = await brokersOwnVersions(broker.port);
    expect(unspoken(versions)).toEqual([]);
    const { Produce: _, ...listed } = KAFKA_4_VERSIONS;
    for (const [name, { lowest }] of Object.entries(listed))
      expect([name, versions.get(keyOf(name))?.min]).toEqual([name, lowest]);
  });
});
