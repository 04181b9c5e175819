import type { FunctionResult, OutputContract } from '@runledger/contracts';
import { resultOf } from './call-result.js';

const contract: OutputContract = {
  schema: { type: 'object', properties: { verdict: { enum: ['ship', 'wait'] } }, required: ['verdict'] },
  passes: 2,
};
const of = (returned: unknown, wanted?: OutputContract) => resultOf(returned as FunctionResult, wanted);

describe('what a function returns', () => {
  it.each([
    ['nothing', undefined, { outcome: 'SUCCESS' }],
    ['null', null, { outcome: 'SUCCESS' }],
    [
      'both parts',
      { summary: 'Done.', output: [1, 'two'] },
      { outcome: 'SUCCESS', summary: 'Done.', output: [1, 'two'] },
    ],
    ['a null as output', { output: null }, { outcome: 'SUCCESS', output: null }],
    ['a function as output', { output: () => 1 }, { outcome: 'SUCCESS' }],
  ])('may be %s', (_what, returned, expected) => {
    expect(of(returned)).toEqual(expected);
  });

  it('is stored as JSON has it: dates as texts, no members that are undefined', () => {
    const output = { at: new Date(0), left: undefined, deep: [Number.NaN] };
    expect(of({ output }).output).toEqual({ at: '1970-01-01T00:00:00.000Z', deep: [null] });
  });

  it('has no characters that no store takes; an escaped backslash is none', () => {
    const output = { ['a\0b']: ['\ud800', 'C:\\u0000', '\\\0', 'fine 🚀'] };
    expect(of({ summary: 'x\0', output })).toEqual({
      outcome: 'SUCCESS',
      summary: 'x\ufffd',
      output: { 'a\ufffdb': ['\ufffd', 'C:\\u0000', '\\\ufffd', 'fine 🚀'] },
    });
  });

  it.each([
    ['a text', 'done', 'What the function returned is no object.'],
    ['a list', [1], 'What the function returned is no object.'],
    ['another member', { result: 1 }, 'What the function returned has `result`, which is neither summary nor output.'],
    ['a summary that is a number', { summary: 7 }, 'What the function returned has a summary that is no text.'],
    ['a bigint', { output: 7n }, 'What the function returned is no JSON: Do not know how to serialize a BigInt.'],
  ])('may not be %s', (_what, returned, message) => {
    expect(() => of(returned)).toThrow(expect.objectContaining({ code: 'OUTPUT_INVALID', message }) as Error);
  });
});

describe('what a function returns in excess', () => {
  const nested = (levels: number): unknown => (levels === 0 ? 'deep' : [nested(levels - 1)]);

  it('is too large before anything is done with it', () => {
    const fix = 'Keep it where the next steps can get it, and return where it is.';
    const message = 'The output of the step has 200001 bytes; at most 200000 can be handed on.';
    expect(of({ output: 'x'.repeat(199_998) }).outcome).toBe('SUCCESS');
    expect(() => of({ output: `${'x'.repeat(199_997)}ü` })).toThrow(
      expect.objectContaining({ code: 'OUTPUT_TOO_LARGE', message, fix }) as Error,
    );
  });

  it('is too deep for whoever reads it', () => {
    expect(of({ output: nested(200) }).output).toEqual(nested(200));
    for (const levels of [201, 3_500, 100_000]) {
      let output: unknown = 'deep';
      for (let level = 0; level < levels; level += 1) output = { output };
      expect(() => of({ output })).toThrow(expect.objectContaining({ code: 'OUTPUT_INVALID' }) as Error);
    }
    expect(() => of({ output: nested(201) })).toThrow('is nested more than 200 levels deep.');
  });

  it('is cut in a summary', () => {
    expect(of({ summary: 'x'.repeat(16_001) }).summary).toBe(`${'x'.repeat(16_000)}…`);
  });
});

describe('a step that declares an output', () => {
  it('takes one that fits', () => {
    expect(of({ output: { verdict: 'ship' } }, contract)).toEqual({ outcome: 'SUCCESS', output: { verdict: 'ship' } });
  });

  it('is done in part without one', () => {
    expect(of({ summary: 'Looked.' }, contract)).toEqual({ outcome: 'PARTIAL', summary: 'Looked.' });
  });

  it('fails with one that does not fit, and says why', () => {
    expect(() => of({ output: { verdict: 'maybe' } }, contract)).toThrow(
      'does not fit the schema of its step: /verdict must be equal to one of the allowed values (["ship","wait"])',
    );
  });

  it.each([
    ['lists', [[1], [2], [1]], false],
    [
      'objects, in whatever order their members are',
      [
        { a: 1, b: 2 },
        { b: 2, a: 1 },
      ],
      false,
    ],
    ['what only looks the same', [1, '1', [1], null, 'null'], true],
  ])('tells %s apart', (_what, output, isUnique) => {
    const unique: OutputContract = { schema: { type: 'array', uniqueItems: true }, passes: 2 };
    if (isUnique) expect(of({ output }, unique).output).toEqual(output);
    else expect(() => of({ output }, unique)).toThrow('the output must NOT have duplicate items');
  });

  it('is judged without holding the process up, and told the first of what may be millions of faults', () => {
    const every = Array.from({ length: 500 }, () => ({ type: 'string' }));
    const schema = { type: 'array', items: { allOf: every } };
    const unique: OutputContract = { schema: { uniqueItems: true }, passes: 2 };
    const output = Array.from({ length: 16_000 }, (_none, at) => ({ at }));
    const before = process.cpuUsage();
    expect(() => of({ output }, { schema, passes: 2 })).toThrow('its step: /0 must be string.');
    expect(of({ output }, unique).outcome).toBe('SUCCESS');
    const { user } = process.cpuUsage(before);
    expect(user).toBeLessThan(3_000_000);
  });
});
