import type { Json } from '@runledger/contracts';
import { OutputCheck } from './output-contract.js';

const schema = { type: 'object', properties: { verdict: { enum: ['ship', 'wait'] } }, required: ['verdict'] };

it.each([
  ['a schema', schema],
  // Ajv would answer with a promise, whose rejection nobody hears.
  ['one that was published as asynchronous', { $async: true, ...schema }],
])('judges an output by %s, at once', async (_what, judged) => {
  const check = await OutputCheck.of({ schema: judged, passes: 2 });
  expect(check.problemsOf({ verdict: 'ship' })).toEqual([]);
  expect(check.problemsOf({ verdict: 'maybe' })).toEqual([
    '/verdict must be equal to one of the allowed values (["ship","wait"])',
  ]);
});

it('has no more levels than anything reads, and says so before it looks further', async () => {
  const check = await OutputCheck.of({ schema: {}, passes: 2 });
  const nested = (levels: number) => JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as Json;
  expect(check.problemsOf(nested(200))).toEqual([]);
  expect(check.problemsOf(nested(201))).toEqual(['the output is nested more than 200 levels deep']);
  expect(check.problemsOf(nested(100_000))).toEqual(['the output is nested more than 200 levels deep']);
});
