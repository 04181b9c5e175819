import { StructuredAnswer } from './structured-answer.js';

const schema = {
  type: 'object',
  properties: { verdict: { enum: ['ship', 'wait'] } },
  required: ['verdict'],
  additionalProperties: false,
} as const;
const answer = () => new StructuredAnswer({ schema: structuredClone(schema) as never, passes: 2 });

describe('the last words of an agent', () => {
  it('hand the output on in a fenced block; what stands before it is the summary', () => {
    expect(answer().judge('All is well.\n```json\n{ "verdict": "ship" }\n```\n')).toEqual({
      kind: 'fits',
      output: { verdict: 'ship' },
      said: 'All is well.',
    });
  });

  it('may be nothing but the output', () => {
    expect(answer().judge(' {"verdict":"wait"} ')).toEqual({ kind: 'fits', output: { verdict: 'wait' }, said: '' });
    expect(answer().judge('```\n{"verdict":"wait"}\n```')).toMatchObject({ kind: 'fits' });
  });

  it.each(['', 'Done.', 'See ```ts\nlet x;\n```', '```\nnpm test\n```', '{ not json'])('hold no output: %j', text => {
    expect(answer().judge(text)).toEqual({ kind: 'absent' });
  });

  it.each([
    ['```json\n{ "verdict": \n```', [expect.stringContaining('JSON')]],
    ['{"verdict":"maybe"}', ['/verdict must be equal to one of the allowed values (["ship","wait"])']],
    [
      '{"more":1}',
      ["the output must have required property 'verdict'", 'the output must NOT have additional properties (`more`)'],
    ],
    ['[]', ['the output must be object']],
  ])('hold one that does not fit, and say why: %j', (text, problems) => {
    expect(answer().judge(text)).toEqual({ kind: 'unfit', problems });
  });
});
