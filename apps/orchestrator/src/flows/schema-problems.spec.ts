import { flow, step, told } from './flow-problems.fixture.js';
import { readFlow } from './read-flow.js';

describe('a problem of an output schema', () => {
  const schema = (text: string) => step(`output: { schema: ${text} }`);
  const bomb = `{ $ref: '#/$defs/a0', $defs: { ${Array.from({ length: 30 }, (_, n) => `a${n}: { anyOf: [{ $ref: '#/$defs/a${n + 1}' }, { $ref: '#/$defs/a${n + 1}' }] }`).join(', ')}, a30: { type: string } } }`;

  it.each([
    [schema('{ type: strin }'), 'steps[1].output.schema.type Not a JSON Schema here'],
    [schema('{ typ: string }'), 'Not a JSON Schema here: strict mode: unknown keyword: "typ"'],
    [
      schema("{ type: string, pattern: '(a+)+$' }"),
      '`pattern` is not taken in schemas of outputs. Use `enum`, `format`',
    ],
    [schema("{ $ref: 'https://example.com/x.json' }"), "can't resolve reference https://example.com/x.json"],
    [schema("{ type: object, properties: { x: { $ref: '#' } } }"), 'The schema refers to itself, or to too much.'],
    [schema(bomb), 'The schema refers to itself, or to too much.'],
    [schema(`{ description: ${'x'.repeat(50_001)} }`), 'at most 50000 are taken.'],
    [step('output: { schema: { type: object }, passes: 11 }'), 'steps[1].output.passes Not accepted here'],
  ])('is told with its place and its fix: %#', (source, expected) => {
    expect(told(source).join('\n')).toContain(expected);
  });

  it('is that there are more different ones than can be looked at in time', () => {
    const steps = (count: number, property: (step: number) => string) =>
      Array.from(
        { length: count },
        (_, n) =>
          `  - { key: s${n}, run: x, output: { schema: { type: object, properties: { ${property(n)}: { type: string } } } } }`,
      ).join('\n');
    expect(readFlow(flow(steps(1_000, () => 'same')))).toHaveProperty('flow');
    expect(told(flow(steps(400, n => `p${n}`))).join('\n')).toContain('more than 300 different output schemas. Split');
  });

  it('is not that a property is called like a keyword', () => {
    const source = schema(
      "{ type: object, properties: { pattern: { type: string }, x: { enum: [pattern] }, y: { $ref: '#/$defs/z' } }, $defs: { z: { type: string } } }",
    );
    expect(readFlow(source)).toHaveProperty('flow');
  });
});

describe('a problem of the schemas of parameters', () => {
  const parameter = (text: string) => flow('', `parameters: { a: ${text} }\n`);
  const many = Array.from({ length: 501 }, () => '{ type: string }').join(', ');

  it.each([
    [parameter('{ typ: string }'), 'Not a JSON Schema here: strict mode: unknown keyword: "typ"'],
    [
      parameter("{ type: string, pattern: '^(?!a)b' }"),
      'parameters.a.pattern A pattern cannot have look-around or flags',
    ],
    [
      parameter("{ type: string, pattern: '(a)\\1' }"),
      'A pattern cannot have a back reference (`\\1`). Write it with classes',
    ],
    [parameter("{ type: object, patternProperties: { '(?<=a)': true } }"), 'A pattern cannot have look-around'],
    [parameter("{ $ref: '#/properties/a' }"), 'The schema refers to itself, or to too much.'],
    [parameter("{ allOf: [{ $ref: '#/properties/%61' }] }"), 'The schema refers to itself, or to too much.'],
    [parameter("{ allOf: [{ $ref: '#/' }] }"), 'The schema refers to itself, or to too much.'],
    [parameter("{ allOf: [{ $ref: '' }] }"), "can't resolve reference . Refer to `#/$defs/<name>`."],
    [
      parameter("{ $dynamicAnchor: x, items: { $ref: '#x' } }"),
      '`$dynamicAnchor` is not taken in schemas of parameters.',
    ],
    [parameter(`{ allOf: [${many}] }`), 'parameters.a.allOf `allOf` has 501 entries; at most 500 are taken.'],
    [parameter(`{ description: ${'x'.repeat(50_001)} }`), 'at most 50000 are taken.'],
    [parameter(`{ default: ${'['.repeat(201)}${']'.repeat(201)} }`), 'nested more than 200 levels deep.'],
  ])('is told with its place and its fix: %#', (source, expected) => {
    expect(told(source).join('\n')).toContain(expected);
  });

  it('is not a pattern that can be held against texts in linear time', () => {
    expect(readFlow(parameter("{ type: string, pattern: '^([a-z]+-?)+$' }"))).toHaveProperty('flow');
  });
});
