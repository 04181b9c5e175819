import type { Json } from '@runledger/contracts';
import fc from 'fast-check';
import { checkExpression } from './check-expression.js';
import { evaluate, type ExpressionScope } from './evaluate-expression.js';

const scopeOf = (output: Json): ExpressionScope => ({
  parameters: { a: 1 },
  steps: { s: { outcome: 'SUCCESS', output } },
  run: { id: 'run_1' },
  outcome: 'SUCCESS',
  output,
});
const names = {
  parameters: new Map([['a', {}]]),
  steps: new Map([['s', 1]]),
  done: new Set(['s']),
  ended: true,
};

describe('an expression cannot get out', () => {
  const before = { ...Object.getOwnPropertyDescriptors(Object.prototype) };
  const words = ['constructor', '__proto__', 'prototype', 'toString', 'valueOf', 'hasOwnProperty', 'length', 'then'];
  const owners = ['parameters', 'output', 'output.list', 'output.text', 'run', 'steps.s', '"x"', '[1]', '1', 'true'];

  it.each(owners)('reaches nothing of JavaScript through %s', owner => {
    for (const word of words) {
      for (const text of [`${owner}.${word}`, `${owner}["${word}"]`, `${owner}.${word}.constructor("return 1")()`]) {
        expect(evaluate(text, scopeOf({ list: [1], text: 'x' }))).toHaveProperty('error');
      }
    }
    expect(Object.getOwnPropertyDescriptors(Object.prototype)).toEqual(before);
  });

  it.each(['globalThis', 'process', 'this', 'eval("1")', 'Function("return 1")()', 'import("fs")', 'require("fs")'])(
    'does not know %s',
    text => {
      expect(evaluate(text, scopeOf(null))).toHaveProperty('error');
      expect(checkExpression(text, names)).not.toEqual([]);
    },
  );

  it('changes nothing that it is evaluated on', () => {
    const output = { list: [3, 1, 2], deep: { x: { y: 'z' } } };
    const scope = scopeOf(output);
    const frozen = JSON.stringify(scope);
    evaluate('output.list.map(x, x + 1) + output.list == output.list', scope);
    expect(JSON.stringify(scope)).toBe(frozen);
  });
});

describe('an expression is bounded', () => {
  const many = Array.from({ length: 5_000 }, (_, index) => index);
  const long = 'a'.repeat(200_000);

  it.each([
    ['loops over one large list inside of another', 'output.list.all(x, output.list.all(y, x + y >= 0))'],
    ['large comparisons in a loop', 'output.list.all(x, output == output)'],
    [
      'joining lists to make them longer',
      `(${Array.from({ length: 40 }, () => 'output.list').join(' + ')}).all(x, ${'output.list'}.exists(y, y == x))`,
    ],
    ['doubling text in a loop', 'output.list.map(x, output.text + output.text).all(t, t == output.text)'],
    ['searching long text in a loop', 'output.list.all(x, output.text.contains("ab"))'],
  ])('refuses %s before it begins', (_what, text) => {
    expect(evaluate(text, scopeOf({ list: many, text: long }))).toEqual({
      error: expect.objectContaining({ message: expect.stringContaining('It would look at too many values.') }),
    });
  });

  it('takes what people do with large outputs', () => {
    const items = many.map(id => ({ id, name: `item ${id}`, tags: ['a', 'b'] }));
    const text = 'output.items.filter(i, i.id > 10 && i.name != "item 12").exists(i, i.tags[0] == "a")';
    expect(evaluate(text, scopeOf({ items }))).toEqual({ value: true });
  });

  it('refuses values that are nested without end', () => {
    const deep = Array.from({ length: 5_000 }).reduce<Json>(inner => [inner], 1);
    expect(evaluate('output == null', scopeOf(deep))).toEqual({
      error: expect.objectContaining({ message: expect.stringContaining('nested too deeply') }),
    });
  });
});

describe('any text at all', () => {
  const piece = fc.constantFrom(
    ...[
      'parameters',
      'steps',
      'output',
      '.',
      '[',
      ']',
      '(',
      ')',
      '"',
      "'",
      '&&',
      '||',
      '!',
      '==',
      '+',
      '-',
      '1',
      '1.5',
    ],
    ...[
      'a',
      's',
      'in',
      'has',
      'exists',
      'all',
      'map',
      'size',
      ',',
      '?',
      ':',
      '{',
      '}',
      'null',
      'true',
      '\\',
      ' ',
      '\n',
    ],
    ...[
      '__proto__',
      'constructor',
      'cel',
      'bind',
      'b"',
      'r"',
      '0x',
      '1e999',
      'matches',
      '"(a+)+$"',
      '\u0000',
      '\ud800',
    ],
  );
  const text = fc.oneof(
    fc.string({ maxLength: 60 }),
    fc.array(piece, { maxLength: 25 }).map(parts => parts.join('')),
  );

  it('is evaluated to JSON or to an error of a step, the same each time, and never throws', () => {
    fc.assert(
      fc.property(text, fc.jsonValue(), (written, output) => {
        const scope = scopeOf(output as Json);
        const first = evaluate(written, scope);
        expect(evaluate(written, scope)).toEqual(first);
        if ('error' in first) expect(first.error.code).toBe('EXPRESSION_FAILED');
        else expect(JSON.parse(JSON.stringify(first.value))).toEqual(first.value);
      }),
      { numRuns: 3_000 },
    );
  });

  it('that is found to be in order gives true, false or a reason why its values do not fit', () => {
    fc.assert(
      fc.property(text, written => {
        const problems = checkExpression(written, names);
        for (const { offset } of problems) expect(offset).toBeLessThanOrEqual(written.length);
        if (problems.length > 0) return;
        const evaluation = evaluate(written, scopeOf({ a: [1] }));
        if ('value' in evaluation) return;
        expect(evaluation.error.message).not.toMatch(/not known|There is no function|in the middle/);
      }),
      { numRuns: 3_000 },
    );
  });
});
