import { knownCheck } from './known-checks.js';
import { SchemaCheck } from './schema-check.js';
import { toldFault } from './told-fault.js';

const list = <T>(count: number, of: (at: number) => T) => Array.from({ length: count }, (_none, at) => of(at));
const times = (count: number, schema: Record<string, unknown>) => list(count, () => schema);
const told = (schema: Record<string, unknown>, value: unknown, most = 20) =>
  new SchemaCheck(schema).faultsOf(value, most).map(toldFault);
const IN_TIME = 'the output cannot be checked in time: it is too much for its schema';

/** Each level doubles what the one above it comes to. */
const doubling = (way: string, last: Record<string, unknown>) => ({
  $ref: '#/$defs/a0',
  $defs: Object.fromEntries(
    list(26, at => {
      const next = { $ref: `#/$defs/a${at + 1}` };
      return [`a${at}`, at === 25 ? last : { [way]: [next, next] }];
    }),
  ),
});

describe('a value that is held against a schema', () => {
  it.each([
    [
      'a pattern that backtracks',
      { pattern: '^(a+)+$' },
      `${'a'.repeat(40)}!`,
      ['the output must match pattern "^(a+)+$"'],
    ],
    ['a pattern found nowhere', { pattern: 'a+$' }, `${'a'.repeat(99_000)}!`, ['the output must match pattern "a+$"']],
    ['a pattern with many ways', { pattern: '(?:a?){1000}b' }, 'a'.repeat(99_000), [IN_TIME]],
    ['the format of URLs', { format: 'url' }, `http://${':'.repeat(99_000)}`, ['the output must match format "url"']],
    ['every format at once', { anyOf: times(480, { format: 'uri' }) }, `a:${'a'.repeat(99_000)}^`, [IN_TIME]],
    ['many unique objects', { uniqueItems: true }, list(16_000, at => ({ at })), []],
    [
      'uniqueness asked for often',
      { allOf: times(400, { uniqueItems: true }) },
      list(9_000, at => ({ at })),
      [IN_TIME],
    ],
    [
      'numbers out of range',
      { uniqueItems: true },
      [[Infinity], [Infinity]],
      ['the output must NOT have duplicate items'],
    ],
    [
      'millions of faults',
      { items: { allOf: times(500, { type: 'string' }) } },
      list(40_000, () => 1),
      ['/0 must be string'],
    ],
    ['millions of looks', { items: { allOf: times(500, { type: 'number' }) } }, list(40_000, () => 1), [IN_TIME]],
    ['long lists of values', { items: { enum: list(9_000, at => [at]) } }, list(20_000, () => [8_999]), [IN_TIME]],
    ['ways that double, and fit', doubling('allOf', { type: 'number' }), 1, [IN_TIME]],
    ['ways that double, and do not', doubling('anyOf', { type: 'string' }), 1, [IN_TIME]],
    [
      'what is left over',
      { allOf: list(400, at => ({ properties: { [at]: true } })), unevaluatedProperties: false },
      Object.fromEntries(list(9_000, at => [at, 1])),
      [IN_TIME],
    ],
    [
      'schemas of schemas',
      { allOf: times(400, { $ref: 'https://json-schema.org/draft/2020-12/schema' }) },
      { enum: list(20_000, at => at) },
      [IN_TIME],
    ],
    ['itself', { allOf: [{ $ref: '#' }] }, 1, [IN_TIME]],
    ['more beside each other than can be compiled', { allOf: times(20_000, { type: 'number' }) }, 1, [IN_TIME]],
  ])('is judged without holding the process up by %s', (_what, schema, value, expected) => {
    const before = process.cpuUsage();
    expect(told(schema, value)).toEqual(expected);
    // Each took between a second and hours; a few hundred milliseconds of it is compiling.
    expect(process.cpuUsage(before).user).toBeLessThan(5_000_000);
  });

  it('is refused by defaults that would fill the memory', () => {
    const properties = Object.fromEntries(list(400, at => [`p${at}`, { default: list(10, () => ({ a: 1 })) }]));
    const value = list(2_000, () => ({}));
    const check = new SchemaCheck({ items: { type: 'object', properties } }, { useDefaults: true });
    expect(check.faultsOf(value, 20).map(toldFault)).toEqual([IN_TIME]);
    expect(JSON.stringify(value).length).toBeLessThan(10_000_000);
  });

  it('is told everything that is wrong, up to as much as was asked for', () => {
    const schema = { properties: { a: { type: 'string' }, b: { minLength: 2 } }, required: ['c'] };
    const faults = [
      "the output must have required property 'c'",
      '/a must be string',
      '/b must NOT have fewer than 2 characters',
    ];
    expect(told(schema, { a: 1, b: 'x' }).toSorted()).toEqual(faults.toSorted());
    expect(told(schema, { a: 1, b: 'x' }, 1)).toHaveLength(1);
    expect(
      told(
        { items: { type: 'string' } },
        list(1_000, () => 1),
      ),
    ).toHaveLength(20);
  });

  it('is told the beginning of what may be as long as the schema', () => {
    expect(told({ enum: ['x'.repeat(40_000)] }, 1)[0]).toHaveLength(1_001);
  });

  it('is large and fits', () => {
    const item = {
      type: 'object',
      properties: { id: { type: 'integer', minimum: 0 }, name: { type: 'string', maxLength: 80 } },
    };
    const schema = { type: 'array', items: { ...item, required: ['id'], additionalProperties: false } };
    expect(
      told(
        schema,
        list(8_000, id => ({ id, name: 'x' })),
      ),
    ).toEqual([]);
    expect(
      told(
        { items: { type: 'integer', enum: [1, 2, 3] } },
        list(100_000, () => 1),
      ),
    ).toEqual([]);
  });

  it('is told what cannot be checked any more of a schema that was published when it could', () => {
    const check = new SchemaCheck({ properties: { a: { pattern: '^(?!x)' }, b: { type: 'number' } } });
    expect(check.faultsOf({ b: 1 }, 20)).toEqual([]);
    expect(check.faultsOf({ a: 'y' }, 20).map(toldFault)[0]).toContain(
      'cannot be checked: A pattern cannot have look-around',
    );
  });

  it('is judged at once by a schema that was published as asynchronous', () => {
    expect(told({ $async: true, type: 'object' }, 1)).toEqual(['the output must be object']);
  });
});

it('a schema that was seen before is not compiled again, among the newest hundred', () => {
  const first = knownCheck({ type: 'string' });
  expect(knownCheck({ type: 'string' })).toBe(first);
  for (const at of list(100, minimum => minimum)) knownCheck({ minimum: at });
  expect(knownCheck({ type: 'string' })).not.toBe(first);
});
