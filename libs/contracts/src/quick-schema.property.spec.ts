import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { z } from 'zod';
import { catalogue } from './catalogue.js';
import { compiledFor, quick } from './quick-schema.js';
import { json } from './values.js';

interface Stored {
  readonly type: string;
  readonly data: unknown;
  readonly metadata: { readonly schemaVersion: number };
}

const folder = new URL('../stored/', import.meta.url);
const stored = readdirSync(folder).map(file => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Stored);
/** The data of each stored example as of today, with the schema of its type. */
const examples = stored.map(({ type, data, metadata }) => ({
  type,
  data: catalogue.upcast(type, metadata.schemaVersion, data),
  schema: catalogue.find(type)?.schema as z.ZodType,
}));

/** `safeParse` is the schema's own way, `parse` the quick one. */
function bothWays(schema: z.ZodType, data: unknown): [unknown, unknown] {
  const own = schema.safeParse(data);
  try {
    return [own.success ? own.data : own.error.issues, schema.parse(data)];
  } catch (error) {
    return [own.success ? own.data : own.error.issues, (error as z.ZodError).issues];
  }
}

const odd = fc.oneof(
  fc.constantFrom<unknown>(undefined, null, NaN, Infinity, -1, 0.5, '', 'x', '2026-02-30T00:00:00Z', [], {}, [
    undefined,
  ]),
  fc.constantFrom<unknown>(
    new Date(0),
    new Map(),
    Symbol('s'),
    1n,
    { [Symbol('s')]: 1 },
    JSON.parse('{"__proto__":1}'),
  ),
  fc.jsonValue(),
);

/** Somewhere in the value something is left out, put in or exchanged. */
function broken(value: unknown, path: readonly number[], by: unknown): unknown {
  const [step = 0, ...rest] = path;
  if (typeof value !== 'object' || value === null || path.length === 0) return by;
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    const at = step % (items.length + 1);
    return Object.assign([...items], { [at]: broken(items[at], rest, by) });
  }
  const keys = [...Object.keys(value), 'unheard'];
  const key = keys[step % keys.length] ?? '';
  const { [key]: member, ...others } = value as Record<string, unknown>;
  return step % 5 === 0 ? others : { ...value, [key]: broken(member, rest, by) };
}

describe('the compiled way of a schema', () => {
  it('is there for every type of event', () => {
    const without = catalogue.definitions().filter(({ schema }) => !compiledFor(schema as z.ZodType));
    expect(without.map(({ type }) => type)).toEqual([]);
  });

  it('takes what fits and gives out the same, and refuses the rest in the same words', () => {
    const change = fc.tuple(fc.nat(examples.length - 1), fc.array(fc.nat(40), { maxLength: 5 }), odd);
    fc.assert(
      fc.property(change, ([which, path, by]) => {
        const example = examples[which] as (typeof examples)[number];
        const [own, quickly] = bothWays(example.schema, broken(example.data, path, by));
        expect(quickly).toStrictEqual(own);
      }),
      { numRuns: 3_000 },
    );
    for (const { schema, data } of examples) {
      const [own, quickly] = bothWays(schema, data);
      expect([quickly, JSON.stringify(quickly)]).toStrictEqual([own, JSON.stringify(own)]);
    }
  });

  it('takes any JSON and hands out a copy of it', () => {
    const schema = quick(z.strictObject({ of: json.optional() }));
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), odd), of => {
        const [own, quickly] = bothWays(schema, { of });
        expect(quickly).toStrictEqual(own);
      }),
    );
    const of = { list: [{ deep: true }] };
    const { of: copy } = schema.parse({ of }) as { of: typeof of };
    expect(copy).toEqual(of);
    expect(copy.list[0]).not.toBe(of.list[0]);
  });

  it('leaves a ring of objects to the schema itself', () => {
    const ring: Record<string, unknown> = {};
    ring.itself = { ring };
    const schema = quick(z.strictObject({ of: json }));
    expect(() => schema.parse({ of: ring, more: 1 })).toThrow(/more/);
  });
});
