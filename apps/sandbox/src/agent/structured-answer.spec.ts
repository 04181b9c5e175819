import { StructuredAnswer } from './structured-answer.js';

const schema = {
  type: 'object',
  properties: { verdict: { enum: ['ship', 'wait'] } },
  required: ['verdict'],
  additionalProperties: false,
} as const;
const judged = async (text: string) =>
  (await StructuredAnswer.of({ schema: structuredClone(schema) as never, passes: 2 })).judge(text);

describe('the last words of an agent', () => {
  it('hand the output on in a fenced block; what stands before it is the summary', async () => {
    expect(await judged('All is well.\n```json\n{ "verdict": "ship" }\n```\n')).toEqual({
      kind: 'fits',
      output: { verdict: 'ship' },
      said: 'All is well.',
    });
  });

  it('may be nothing but the output', async () => {
    expect(await judged(' {"verdict":"wait"} ')).toEqual({
      kind: 'fits',
      output: { verdict: 'wait' },
      said: '',
    });
    expect(await judged('```\n{"verdict":"wait"}\n```')).toMatchObject({ kind: 'fits' });
  });

  it.each(['', 'Done.', 'See ```ts\nlet x;\n```', '```\nnpm test\n```', '{ not json'])(
    'hold no output: %j',
    async text => {
      expect(await judged(text)).toEqual({ kind: 'absent' });
    },
  );

  it.each([
    ['```json\n{ "verdict": \n```', [expect.stringContaining('JSON')]],
    ['{"verdict":"maybe"}', ['/verdict must be equal to one of the allowed values (["ship","wait"])']],
    [
      '{"more":1}',
      ["the output must have required property 'verdict'", 'the output must NOT have additional properties (`more`)'],
    ],
    ['[]', ['the output must be object']],
  ])('hold one that does not fit, and say why: %j', async (text, problems) => {
    expect(await judged(text)).toEqual({ kind: 'unfit', problems });
  });
});
