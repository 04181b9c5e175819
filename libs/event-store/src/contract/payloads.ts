import { MAX_APPEND_BYTES, MAX_APPEND_EVENTS, MAX_EVENT_BYTES } from '../port.js';
import type { NewEvent } from '../port.js';
import type { ContractWorld } from './contract-world.js';
import { anEvent, events, freshStream } from './contract-world.js';

const FAITHFUL: readonly (readonly [string, unknown])[] = [
  ['a zero character', { text: 'before\u0000after' }],
  ['text that looks like an escaped surrogate', { text: '\\ud800 and \\\\ud800' }],
  ['text of every script', { text: 'ünï\u0301 – 漢字 – 👩‍🚀 – \u2028 – "quoted" – \\ – {a,b}' }],
  ['the largest exact integer and its neighbour', [2 ** 53 - 1, 2 ** 53, -(2 ** 53)]],
  ['numbers at the edges', [0, 1e-7, 5e-324, 1.7976931348623157e308, 0.1 + 0.2]],
  ['empty things', { text: '', list: [], object: {}, nothing: null }],
  ['a bare value', 'just text'],
  ['null', null],
];

const UNSTORABLE: readonly (readonly [string, () => NewEvent])[] = [
  ['half of a surrogate pair', () => anEvent({ data: { text: 'broken \ud800 text' } })],
  ['half of a surrogate pair behind a backslash', () => anEvent({ data: { text: '\\\udc00' } })],
  ['a big integer', () => anEvent({ data: { n: 2n ** 53n + 1n } })],
  ['no JSON at all', () => anEvent({ data: undefined })],
  ['a circle', () => anEvent({ data: circle() })],
  ['an id that is no UUID', () => anEvent({ id: 'event-1' })],
  ['a type without letters', () => anEvent({ type: '' })],
  ['a type with a zero character', () => anEvent({ type: 'A\u0000B' })],
];

/** Events come back as they were written; what cannot be kept is refused before it is sent. */
export function describePayloads(world: ContractWorld): void {
  describe('an event', () => {
    it.each(FAITHFUL)('comes back unchanged: %s', async (_, data) => {
      const stream = freshStream();
      const event = anEvent({ data });
      await world.store.append(stream, [event], 'no-stream');
      const [read] = (await world.store.readStream(stream)).events;
      expect(read).toMatchObject({ id: event.id, type: event.type, metadata: event.metadata, stream: stream.name });
      expect(read?.data).toEqual(data);
    });

    it('keeps the order of its keys', async () => {
      const stream = freshStream();
      const data = { zebra: 1, apple: 2, Mango: { y: 1, x: 2 }, '10': 3, ä: 4 };
      await world.store.append(stream, [anEvent({ data })], 'no-stream');
      const [read] = (await world.store.readStream(stream)).events;
      expect(JSON.stringify(read?.data)).toBe(JSON.stringify(data));
    });

    it('says where it is and when the store took it', async () => {
      const stream = freshStream('order');
      const before = Date.now();
      const outcome = await world.store.append(stream, [anEvent()], 'no-stream');
      const [read] = (await world.store.readStream(stream)).events;
      expect(read).toMatchObject({ tenant: stream.tenant, stream: stream.name, category: 'order', revision: 0 });
      expect(outcome).toMatchObject({ position: read?.position });
      expect(read?.recordedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      expect(Math.abs(Date.parse(read?.recordedAt ?? '') - before)).toBeLessThan(60_000);
    });

    it.each(UNSTORABLE)('is refused when it holds %s', async (_, make) => {
      const stream = freshStream();
      const attempt = world.store.append(stream, [anEvent(), make()], 'no-stream');
      await expect(attempt).rejects.toMatchObject({ code: 'INVALID_APPEND' });
      expect((await world.store.readStream(stream)).state).toBe('absent');
    });

    it('is refused when another event of the same append has its id', async () => {
      const event = anEvent();
      const attempt = world.store.append(freshStream(), [event, anEvent({ id: event.id })], 'no-stream');
      await expect(attempt).rejects.toMatchObject({ code: 'INVALID_APPEND' });
    });

    it.each(['', 'x'.repeat(513), 'run-\u0000', 'run-\ud800'])('is refused for stream name %j', async name => {
      const attempt = world.store.append({ tenant: 'ws_contract', name }, [anEvent()], 'any');
      await expect(attempt).rejects.toMatchObject({ code: 'INVALID_APPEND' });
    });
  });
  describeSizes(world);
}

function describeSizes(world: ContractWorld): void {
  describe('size', () => {
    it('may be exactly the limit', async () => {
      const stream = freshStream();
      await world.store.append(stream, [eventOf(MAX_EVENT_BYTES)], 'no-stream');
      const [read] = (await world.store.readStream(stream)).events;
      expect(sizeOf(read ?? anEvent())).toBe(MAX_EVENT_BYTES);
    });

    it('of an event may not be one byte more, counted in UTF-8', async () => {
      const attempt = world.store.append(freshStream(), [eventOf(MAX_EVENT_BYTES + 1, 'é')], 'no-stream');
      await expect(attempt).rejects.toMatchObject({
        code: 'APPEND_TOO_LARGE',
        actual: MAX_EVENT_BYTES + 1,
        limit: MAX_EVENT_BYTES,
      });
    });

    it('of an append counts all its events', async () => {
      const half = MAX_APPEND_BYTES / 2;
      const attempt = world.store.append(freshStream(), [eventOf(half), eventOf(half + 1)], 'no-stream');
      await expect(attempt).rejects.toMatchObject({ code: 'APPEND_TOO_LARGE', actual: MAX_APPEND_BYTES + 1 });
    });

    it('of an append may be a thousand events and not one more', async () => {
      const stream = freshStream();
      const outcome = await world.store.append(stream, events(MAX_APPEND_EVENTS), 'no-stream');
      expect(outcome).toMatchObject({ status: 'appended', revision: MAX_APPEND_EVENTS - 1 });
      const attempt = world.store.append(stream, events(MAX_APPEND_EVENTS + 1), 'any');
      await expect(attempt).rejects.toMatchObject({ code: 'APPEND_TOO_LARGE', limit: MAX_APPEND_EVENTS });
    });
  });
}

function sizeOf({ data, metadata }: Pick<NewEvent, 'data' | 'metadata'>): number {
  return Buffer.byteLength(JSON.stringify(data)) + Buffer.byteLength(JSON.stringify(metadata));
}

/** An event whose JSON is exactly this long. */
function eventOf(bytes: number, last = 'x'): NewEvent {
  const event = anEvent({ data: '' });
  return { ...event, data: 'x'.repeat(bytes - sizeOf(event) - Buffer.byteLength(last)) + last };
}

function circle(): unknown {
  const data: Record<string, unknown> = {};
  data['self'] = data;
  return data;
}
