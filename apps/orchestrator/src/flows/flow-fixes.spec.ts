import { readFlow } from './read-flow.js';

const step = (more: string) => `slug: x\nsteps:\n  - { key: a, run: "true", ${more} }\n`;
const BROKEN = [
  step('onFailure: pause'),
  step('onFailure: { retry: { max: 0 } }'),
  step('onFailure: { then: explode }'),
  step('onFailure: 7'),
  step('timeout: 5 parsecs'),
  step('timeoutMs: 1.5'),
  step('gates: { before: { message: x, timeout: 1h, onTimeout: nope } }'),
  step('gates: { before: { message: x, policy: { count: 0 } } }'),
  step('gates: { before: { message: x, policy: { excludeStarter: maybe } } }'),
  step('needs: a'),
  step('needs: [a]'),
  step('needs: [b]'),
  step('if: "steps.b.outcome =="'),
  step('artifacts: x'),
  step('output: 3'),
  step('consumes: 4'),
  step('name: 5'),
  'slug: X Y\nsteps: []',
  'slug: x\nsteps: {}',
  'steps: [{ key: a, run: b }]',
  'slug: x\ndefaults: { checkpointMode: every }\nsteps: [{ key: a, run: b }]',
  'slug: x\nsteps: [{ key: a, agent: { prompt: p, provider: opnai } }]',
  'slug: x\nsteps: [{ key: a, agent: { prompt: p, provider: scripted, tools: [bsh] } }]',
  'slug: x\nretention: { artifactsDays: -1 }\nsteps: [{ key: a, run: x }]',
  'slug: x\nsteps: [{ key: a',
  '{ "slug": "x", }',
  'slug: x\nslug: y\nsteps: [{ key: a, run: x }]',
  '7',
  '',
];

describe('every problem of a flow', () => {
  it.each(BROKEN)('says where it is and what would put it right: %j', source => {
    const reading = readFlow(source);
    const problems = 'problems' in reading ? reading.problems : [];
    expect(problems.length).toBeGreaterThan(0);
    for (const { line, column, fix } of problems) {
      expect([line, column]).toEqual([expect.any(Number), expect.any(Number)]);
      expect(fix).toMatch(/^[A-Z].+[.?]$/);
    }
  });

  it('says so of broken JSON as well', () => {
    expect(readFlow('{ "slug": "x", }', 'json')).toMatchObject({ problems: [{ line: 1, fix: expect.any(String) }] });
  });

  it('names the word that was meant', () => {
    const fixOf = (source: string) => {
      const reading = readFlow(source);
      return 'problems' in reading ? reading.problems.map(({ fix }) => fix) : [];
    };
    expect(fixOf(step('onFailure: pause'))).toEqual(['Did you mean `PAUSE`?']);
    const tools = 'slug: x\nsteps: [{ key: a, agent: { prompt: p, provider: scripted, model: m, tools: [bsh] } }]';
    expect(fixOf(tools)).toEqual(['Did you mean `bash`?']);
  });
});
