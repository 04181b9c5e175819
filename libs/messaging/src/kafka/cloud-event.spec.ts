import type { RecordedEvent } from '@runledger/event-store';
import fc from 'fast-check';
import { ForeignMessageError, fromMessage, toMessage } from './cloud-event.js';
import type { EventMessage } from './cloud-event.js';
import { messageBatches } from './message-batches.js';

const words = fc.string({ minLength: 1, unit: 'grapheme' });
const count = fc.integer({ min: 1, max: 1_000_000 });
const actors = fc.record(
  { kind: fc.constantFrom('member', 'service', 'system'), id: words, name: words, via: words },
  { requiredKeys: ['kind', 'id'] },
);
const events: fc.Arbitrary<RecordedEvent> = fc.record({
  id: fc.uuid(),
  type: words,
  data: fc.jsonValue().map(value => JSON.parse(JSON.stringify(value)) as unknown),
  metadata: fc.record(
    {
      correlationId: words,
      causationId: words,
      actor: actors,
      workspaceId: words,
      occurredAt: words,
      schemaVersion: count,
      traceparent: words,
    },
    { requiredKeys: ['correlationId', 'causationId', 'actor', 'workspaceId', 'occurredAt', 'schemaVersion'] },
  ),
  tenant: words,
  stream: words,
  category: words,
  revision: count,
  position: fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }),
  recordedAt: words,
});

/** As it comes back from a broker: bytes. */
function overTheWire({ value, headers }: EventMessage) {
  const bytes = Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)] as const);
  return { value: Buffer.from(value), headers: Object.fromEntries(bytes) };
}

describe('an event on its way over Kafka', () => {
  it('arrives as the store gave it, whatever is written in it', () => {
    fc.assert(
      fc.property(events, fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), (event, previous) => {
        const arrived = fromMessage(overTheWire(toMessage(event, previous, 'urn:spec')));
        expect(arrived).toMatchObject({ event, previous });
        expect(arrived.event).toEqual(event);
      }),
      { numRuns: 200 },
    );
  });

  it('says what it is in the headers of CloudEvents, for programs that are not ours, and is as large as its data', () => {
    const event = { ...fc.sample(events, 1)[0]!, type: 'RunStarted', stream: 'run-1', data: { said: 'é' } };
    const metadata = {
      ...event.metadata,
      correlationId: 'run_1',
      schemaVersion: 3,
      occurredAt: '2026-11-21T10:00:00Z',
    };
    const message = toMessage({ ...event, metadata }, 4n, 'urn:spec');
    expect(message.key).toBe('run_1');
    expect(message.headers).toMatchObject({
      ...{ 'content-type': 'application/json', ce_specversion: '1.0', ce_id: event.id, ce_type: 'RunStarted' },
      ...{ ce_source: 'urn:spec', ce_subject: 'run-1', ce_time: '2026-11-21T10:00:00Z', ce_partitionkey: 'run_1' },
      ce_dataschema: 'urn:runledger:event:RunStarted:v3',
    });
    expect(fromMessage(overTheWire(message)).bytes).toBe(Buffer.byteLength('{"said":"é"}'));
  });

  it('is told apart from what others write', () => {
    const message = overTheWire(toMessage(fc.sample(events, 1)[0]!, 0n, 'urn:spec'));
    const { ce_position: _, ...without } = message.headers;
    const strange = [
      { value: null },
      { value: message.value, headers: {} },
      { value: message.value, headers: without },
      { value: message.value, headers: { ...message.headers, ce_specversion: '2.0' } },
      { value: message.value, headers: { ...message.headers, ce_position: 'first' } },
      { value: Buffer.from('{'), headers: message.headers },
    ];
    for (const each of strange) expect(() => fromMessage(each)).toThrow(ForeignMessageError);
  });
});

describe('the batches that are sent', () => {
  it('hold every event once, in order, chained to the one before, and none is too large for a broker', () => {
    const log = Array.from({ length: 40 }, (_, n) => ({
      ...fc.sample(events, 1)[0]!,
      position: BigInt(n + 5),
      data: 'x'.repeat(n === 20 ? 990_000 : 60_000),
    }));
    const batches = [...messageBatches(log, 4n, 'urn:spec')];
    const relayed = batches.flatMap(({ messages }) => messages).map(message => fromMessage(overTheWire(message)));
    expect(relayed.map(({ event }) => event.position)).toEqual(log.map(event => event.position));
    expect(relayed.map(({ previous }) => previous)).toEqual([4n, ...log.map(event => event.position)].slice(0, -1));
    expect(batches.map(({ last }) => last).at(-1)).toBe(44n);
    for (const { messages } of batches) {
      const bytes = messages.reduce((sum, { value }) => sum + value.length, 0);
      expect(messages.length === 1 || bytes < 900_000).toBe(true);
    }
    expect(batches.map(({ messages }) => messages.length)).toEqual([14, 6, 1, 14, 5]);
    const [largest] = log.filter(event => event.position === 25n);
    const [only, ...others] = [...messageBatches(largest ? [largest] : [], 4n, 'urn:spec')];
    expect([only?.messages.length, others]).toEqual([1, []]);
  });
});
