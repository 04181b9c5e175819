import { readdirSync, readFileSync } from 'node:fs';
import { canonicalJson, defineEvent, EventCatalogue } from '@runledger/kernel';
import { z } from 'zod';
import { catalogue, eventsByCategory } from './catalogue.js';

interface Stored {
  readonly type: string;
  readonly stream: string;
  readonly category: string;
  readonly data: unknown;
  readonly metadata: { readonly schemaVersion: number };
}

const folder = new URL('../stored/', import.meta.url);
const files = readdirSync(folder).sort();
const read = (file: string) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Stored;
const categoryOf = (type: string) =>
  Object.entries(eventsByCategory).find(([, events]) => events.some(event => event.type === type))?.[0];

describe('what was ever stored', () => {
  it('has an example of every event type in every version that was shipped', () => {
    const expected = catalogue
      .definitions()
      .flatMap(({ type, version }) => Array.from({ length: version }, (_, at) => `${type}.v${at + 1}.json`));
    expect(files).toEqual(expected.sort());
  });

  it.each(files)('is still understood today: %s (E4)', file => {
    const stored = read(file);
    const { schemaVersion } = stored.metadata;
    expect(file).toBe(`${stored.type}.v${schemaVersion}.json`);
    expect([stored.category, stored.stream.split('-')[0]]).toEqual([categoryOf(stored.type), stored.category]);
    const today = catalogue.upcast(stored.type, schemaVersion, stored.data);
    const parsed: unknown = catalogue.find(stored.type)?.schema.parse(today);
    expect(canonicalJson(parsed)).toBe(canonicalJson(today));
  });
});

describe('an event type that changed', () => {
  /** Someone counted the sheep. 2: `sheep` became `count` and says where. */
  const SheepCounted = defineEvent({
    type: 'SheepCounted',
    version: 3,
    schema: z.strictObject({ count: z.int(), pasture: z.string(), by: z.string() }),
    upcast: {
      1: ({ sheep }: { sheep: number }) => ({ count: sheep, pasture: 'home' }),
      2: (old: { count: number; pasture: string }) => ({ ...old, by: 'unknown' }),
    },
  });
  const flock = new EventCatalogue([SheepCounted]);

  it('is read in its newest form from every version that was stored (E4)', () => {
    const today = { count: 7, pasture: 'home', by: 'unknown' };
    expect(flock.upcast('SheepCounted', 1, { sheep: 7 })).toEqual(today);
    expect(flock.upcast('SheepCounted', 2, { count: 7, pasture: 'home' })).toEqual(today);
    expect(flock.upcast('SheepCounted', 3, today)).toBe(today);
    expect(SheepCounted.schema.parse(flock.upcast('SheepCounted', 1, { sheep: 7 }))).toEqual(today);
  });

  it('leaves the stored data as it was', () => {
    const stored = Object.freeze({ count: 7, pasture: 'home' });
    flock.upcast('SheepCounted', 2, stored);
    expect(stored).toEqual({ count: 7, pasture: 'home' });
  });

  it('cannot be defined without a way up from each older version', () => {
    const incomplete = { type: 'SheepCounted', version: 3, schema: z.any(), upcast: { 1: (old: unknown) => old } };
    expect(() => defineEvent(incomplete)).toThrow(/no upcast for version 2/);
  });

  it('is not guessed at when it is newer than this program', () => {
    expect(() => flock.upcast('SheepCounted', 4, {})).toThrow(/upgrade this service/);
    expect(() => flock.upcast('GoatCounted', 1, {})).toThrow(/not in the catalogue/);
  });
});
