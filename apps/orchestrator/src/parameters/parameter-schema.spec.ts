import { ParameterSchema, schemaErrors } from './parameter-schema.js';

const schema = new ParameterSchema({
  type: 'object',
  properties: {
    title: { type: 'string', minLength: 1 },
    count: { type: 'integer', default: 3 },
    level: { enum: ['low', 'high'] },
    mail: { type: 'string', format: 'email' },
  },
  required: ['title'],
  additionalProperties: false,
});

describe('the parameters of a start', () => {
  it('get their defaults, and what was given stays as it was', () => {
    const given = { title: 'x' };
    expect(schema.check(given)).toEqual({ parameters: { title: 'x', count: 3 } });
    expect(given).toEqual({ title: 'x' });
  });

  it('may be schemas themselves, by the name that their schema has in the standard', () => {
    const asked = new ParameterSchema({
      type: 'object',
      properties: { shape: { $ref: 'https://json-schema.org/draft/2020-12/schema' } },
    });
    expect(asked.check({ shape: { type: 'string' } })).toMatchObject({ parameters: { shape: { type: 'string' } } });
    expect(asked.check({ shape: { type: 3 } })).toMatchObject({ errors: expect.anything() });
  });

  it('are told everything that is wrong: what is missing, and what was expected where', () => {
    const checked = schema.check({ count: '3', level: 'mid', mail: 'nobody', extra: 1 });
    expect('errors' in checked ? checked.errors : []).toEqual(
      expect.arrayContaining([
        { path: ['title'], missing: true, message: 'is required' },
        { path: ['count'], missing: false, message: 'must be integer, it is string' },
        { path: ['level'], missing: false, message: 'must be equal to one of the allowed values: ["low","high"]' },
        { path: ['mail'], missing: false, message: 'must match format "email"' },
        { path: ['extra'], missing: false, message: 'is not a parameter of this flow' },
      ]),
    );
  });
});

describe('parameters that would hold the process up', () => {
  it.each([
    ['pattern', { type: 'string', pattern: '^(a+)+$' }, `${'a'.repeat(40)}!`, ['a'], 'must match pattern "^(a+)+$"'],
    ['pattern of before', { pattern: '^(?=a)' }, 'a', [], 'A pattern cannot have look-around or flags (`(?=`)'],
    [
      'lists',
      { items: { allOf: [{ enum: [1] }, { uniqueItems: true }] } },
      [1, 2],
      ['a', '1'],
      'must be equal to one of',
    ],
    ['values', { enum: ['x'.repeat(40_000)] }, 1, ['a'], 'xxx…'],
    ['itself', { $ref: '#/properties/a' }, 1, [], 'cannot be checked in time: it is too much for its schema'],
  ])('are refused at once: %s', (...[, a, value, path, message]) => {
    const before = process.cpuUsage();
    const checked = new ParameterSchema({ type: 'object', properties: { a } }).check({ a: value });
    expect('errors' in checked ? checked.errors : []).toEqual([
      { path, missing: false, message: expect.stringContaining(message) },
    ]);
    expect(process.cpuUsage(before).user).toBeLessThan(2_000_000);
  });
});

describe('a parameter schema', () => {
  it('is checked itself, misspelt keywords included', () => {
    expect(schemaErrors({ type: 'object', properties: { a: { type: 'text' } } })[0]?.path).toEqual([
      'properties',
      'a',
      'type',
    ]);
    expect(schemaErrors({ type: 'object', properties: { a: { minLenght: 3 } } })[0]?.message).toMatch(/minLenght/);
    expect(schemaErrors({ type: 'object', properties: { a: { $ref: 'https://example.org/x' } } })[0]?.message).toMatch(
      /resolve/,
    );
    expect(schemaErrors({ type: 'object', properties: { a: { type: 'string', pattern: '(' } } })).toHaveLength(1);
  });

  it('is refused when it would answer later, as nobody waits for that', () => {
    expect(schemaErrors({ $async: true, type: 'object' })).toEqual([
      { path: ['$async'], missing: false, message: 'it is to be checked at once, without `$async`' },
    ]);
    expect(schemaErrors({ type: 'object', properties: { $async: { type: 'boolean' } } })).toEqual([]);
  });

  it('answers at once all the same when it was published before that was refused', () => {
    const asynchronous = { $async: true, type: 'object', properties: { a: { type: 'number' } } };
    expect(new ParameterSchema(asynchronous).check({ a: 'x' })).toMatchObject({ errors: [{ path: ['a'] }] });
  });
});
