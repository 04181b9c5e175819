import { canonicalJson } from '@runledger/kernel';
import { createHash } from 'node:crypto';
import { contentHash } from './content-hash.js';
import { readFlow } from './read-flow.js';

function flowOf(source: string) {
  const reading = readFlow(source);
  if ('problems' in reading) throw new Error(JSON.stringify(reading.problems));
  return reading.flow;
}

describe('the hash of a flow', () => {
  it.each([
    ['a small one', 'slug: small\nsteps: [{ key: a, run: "true" }]'],
    [
      'one with everything around its steps',
      'slug: whole\nname: Whole\nconcurrency: { key: k }\nretention: { artifactsDays: 3 }\n' +
        'parameters: { plan: { type: object, default: { steps: [] } }, zone: string }\nsteps: [{ key: a, run: "true" }]',
    ],
    [
      'one of hundreds of steps',
      `slug: long\nsteps: [${Array.from({ length: 501 }, (_, index) => `{ key: s${index}, run: "true" }`).join(', ')}]`,
    ],
  ])('is that of its canonical form: %s', async (_, source) => {
    const flow = flowOf(source);
    expect(await contentHash(flow)).toBe(createHash('sha256').update(canonicalJson(flow)).digest('hex'));
  });
});
