import { readFlow } from './read-flow.js';

const told = (step: string) => {
  const read = readFlow(`slug: a\nparameters: { version: string }\nsteps:\n  - { key: ticket, ${step} }`);
  return 'problems' in read
    ? read.problems.map(({ path, message, fix = '' }) => `${path} ${message} ${fix}`).join('\n')
    : 'none';
};

describe('a step with a function', () => {
  it.each([
    ['function: open-ticket'],
    ['function: { name: open-ticket }'],
    ["function: { name: open-ticket, input: { title: 'Release {{ parameters.version }}', deep: [{ n: 1 }] } }"],
    [
      'function: open-ticket, gate: Open it?, timeout: 15m, onFailure: { retry: { max: 3 } }, output: { schema: { type: object } }',
    ],
  ])('may be written as %s', step => {
    expect(told(step)).toBe('none');
  });

  it.each([
    ['function: openTicket', 'steps[0].function Not accepted here; expected: '],
    ['function: { nam: x }', 'steps[0].function.nam `nam` is not known here. Did you mean `name`?'],
    ['function: open-ticket, run: x', '`ticket` has `run` and `function`; a step does one thing.'],
    ['function: open-ticket, env: { A: b }', '`ticket` has `env`, which only steps with `run` have.'],
    [
      'function: open-ticket, artifacts: [report]',
      'without a sandbox; `artifacts` is for agents and `run`. Remove `artifacts`.',
    ],
    ['function: open-ticket, silence: 1m', '`silence` is for agents and `run`.'],
    ['function: open-ticket, timeout: 1h', 'A function may take 15m at most. Write 15m or less;'],
    ['function: open-ticket, timeoutMs: 3600000', 'A function may take 15m at most.'],
    [
      "function: { name: open-ticket, input: { title: ['{{ parameters.verson }}'] } }",
      'steps[0].function.input.title[0] The flow has no parameter `verson`. Did you mean `version`?',
    ],
  ])('is told what is wrong with %s', (step, expected) => {
    expect(told(step)).toContain(expected);
  });

  it('is stored in its long form, with a minute to end', () => {
    const read = readFlow('slug: a\nsteps: [{ key: ticket, function: open-ticket }]');
    if ('problems' in read) throw new Error('It has problems.');
    expect(read.flow.steps[0]).toMatchObject({ function: { name: 'open-ticket', input: {} }, timeoutMs: 60_000 });
  });

  it('is read again from its stored form', () => {
    const read = readFlow('slug: a\ndefaults: { profile: p }\nsteps: [{ key: ticket, function: open-ticket }]');
    if ('problems' in read) throw new Error('It has problems.');
    const again = readFlow(JSON.stringify(read.flow));
    expect('problems' in again ? again.problems : again.flow).toEqual(read.flow);
  });
});
