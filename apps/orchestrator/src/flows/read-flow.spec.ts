import { gateAsking } from '@runledger/contracts';
import { readFlow, MAX_DOCUMENT_BYTES } from './read-flow.js';

const GOOD = `slug: release
parameters:
  version: { type: string }
  notes: { type: string, default: none }
steps:
  - key: draft
    agent: { provider: scripted, prompt: 'Draft {{ parameters.version }}, literally \\{{ parameters.x }} and {{ color: 1 }}.' }
  - key: ship
    needs: [draft]
    run: echo "$PARAM_VERSION"
    gate: Ship it?
    timeout: 1h30m
`;

describe('a good document', () => {
  it('is stored with everything spelt out', () => {
    expect(flowOf(GOOD)).toEqual({
      slug: 'release',
      name: 'release',
      parameters: {
        type: 'object',
        properties: { version: { type: 'string' }, notes: { type: 'string', default: 'none' } },
        required: ['version'],
        additionalProperties: false,
      },
      defaults: { execution: 'INTERACTIVE', checkpointMode: 'TEMPLATE' },
      requires: { credentials: [], environments: [], integrations: [] },
      retention: { artifactsDays: 30 },
      steps: [
        {
          key: 'draft',
          name: 'draft',
          needs: [],
          agent: {
            provider: 'scripted',
            model: 'scripted',
            prompt: 'Draft {{ parameters.version }}, literally \\{{ parameters.x }} and {{ color: 1 }}.',
          },
          onFailure: { then: 'FAIL' },
          timeoutMs: 1_800_000,
          artifacts: [],
        },
        {
          key: 'ship',
          name: 'ship',
          needs: ['draft'],
          command: { run: 'echo "$PARAM_VERSION"' },
          gates: { before: gateAsking('Ship it?') },
          onFailure: { then: 'FAIL' },
          timeoutMs: 5_400_000,
          artifacts: [],
        },
      ],
    });
  });

  it('may be written in its stored form, in JSON as well', () => {
    const stored = flowOf(GOOD);
    expect(readFlow(JSON.stringify(stored))).toEqual({ flow: stored, format: 'json' });
    expect(readFlow(JSON.stringify(stored, null, '\t'), 'json')).toEqual({ flow: stored, format: 'json' });
  });

  it('takes a parameter by its type alone, or as optional', () => {
    const { parameters } = flowOf(
      'slug: a\nparameters: { n: integer, m: { type: string, required: false } }\nsteps: [{ key: s, run: x }]',
    );
    expect(parameters).toMatchObject({
      properties: { n: { type: 'integer' }, m: { type: 'string' } },
      required: ['n'],
    });
  });
});

describe('a document with problems', () => {
  it('is answered with all of them, each with its place and its fix', () => {
    const source = `slug: release
nme: Release
steps:
  - key: draft
    need: [ship]
    agent: { provider: scriptd, prompt: 'Draft {{ parameters.version }} of {{ steps.shp.summary }}' }
  - key: draft
    needs: [dratf]
    run: git tag {{ parameters.version }}
  - key: idle
    timeout: soon
  - key: both
    run: x
    command: { run: y }
`;
    expect(problemsOf(source)).toEqual([
      '2:1 nme `nme` is not known here. Did you mean `name`?',
      '5:5 steps[0].need `need` is not known here. Did you mean `needs`?',
      '6:14 steps[0].agent.provider `scriptd` is not one of scripted, anthropic, openai-compatible, claude-code, codex, cursor, acp, cursor-cloud. Did you mean `scripted`?',
      '6:33 steps[0].agent.prompt The flow has no parameter `version`. Declare `version` under `parameters`.',
      '6:33 steps[0].agent.prompt `draft` refers to `shp`, but no step has that key. Name a step that this one needs.',
      '7:5 steps[1].key Two steps have the key `draft`; the first is on line 4. Give each step its own key.',
      '8:13 steps[1].needs[0] `draft` needs `dratf`, but no step has that key. Did you mean `draft`?',
      '9:5 steps[1].run `{{ parameters.version }}` is not filled in here: scripts get values as environment variables only. Write "$PARAM_VERSION".',
      '10:5 steps[2] `idle` has no work. Give it `agent:`, `run:` or `function:`; or `gate:`, for a step that only asks people.',
      expect.stringMatching(/^11:5 steps\[2\]\.timeout .*a duration such as `90s`/),
      '14:5 steps[3].command `both` has `run` and `command`; a step does one thing. Keep one of them, or make two steps.',
    ]);
  });

  it.each([
    ['broken YAML', 'slug: a\nsteps: [1\nb: 2', /^3:1 {2}Not valid YAML/],
    ['an empty text', '', /slug.*steps/],
    ['a key written twice', 'slug: a\nslug: b\nsteps: [{ key: s, run: x }]', /^2:1 {2}This key is written twice/],
    ['an unknown tag', 'slug: !secret a\nsteps: [{ key: s, run: x }]', /^1:7 .*tag/],
    ['a missing key', 'slug: a', /^1:1 steps `steps` is missing\. Add `steps`/],
    ['a NUL character', 'slug: a\nsteps: [{ key: s, run: "a\\0b" }]', /^2:19 steps\[0\]\.run .*NUL/],
    ['a step that needs itself', 'slug: a\nsteps: [{ key: s, run: x, needs: [s] }]', /circle: `s` → `s`/],
    [
      'a reserved variable',
      'slug: a\nsteps: [{ key: s, run: x, env: { RUN_ID: "1" } }]',
      /`RUN_ID` is set by the platform/,
    ],
    [
      'env beside an agent',
      'slug: a\nsteps: [{ key: s, env: {}, agent: { provider: scripted, prompt: x } }]',
      /only steps with `run`/,
    ],
    ['two gates', 'slug: a\nsteps: [{ key: s, run: x, gate: A?, gates: { before: B? } }]', /say the same thing/],
    ['a timeout out of bounds', 'slug: a\nsteps: [{ key: s, run: x, timeout: 25h }]', /between 100ms and 1d/],
    ['no model', 'slug: a\nsteps: [{ key: s, agent: { provider: anthropic, prompt: x } }]', /`model` is missing/],
    [
      'a reference to a step that is not needed',
      'slug: a\nsteps: [{ key: s, run: x }, { key: t, agent: { provider: scripted, prompt: "{{ steps.s.output.a }}" } }]',
      /Add `s` to the `needs` of `t`/,
    ],
    [
      'a reference to nothing',
      'slug: a\nsteps: [{ key: t, agent: { provider: scripted, prompt: "{{ step.s.summary }}" } }]',
      /names nothing/,
    ],
    [
      'a misspelt keyword in a parameter',
      'slug: a\nparameters: { n: { type: integer, minimun: 1 } }\nsteps: [{ key: s, run: x }]',
      /^2:1 parameters.*minimun/,
    ],
    [
      'a parameter that is no schema',
      'slug: a\nparameters: { n: { type: strin } }\nsteps: [{ key: s, run: x }]',
      /^2:20 parameters\.n\.type Not a JSON Schema/,
    ],
    [
      'parameters that share a variable',
      'slug: a\nparameters: { a-b: string, a_b: string }\nsteps: [{ key: s, run: x }]',
      /both arrive in scripts as \$PARAM_A_B/,
    ],
  ] as [string, string, RegExp][])('is refused for %s', (_what, source, told) => {
    expect(problemsOf(source).join('\n')).toMatch(told);
  });

  it('is refused for broken JSON when it is said to be JSON', () => {
    expect(problemsOf('{"slug": "a",}', 'json')).toEqual([expect.stringMatching(/^1:14 {2}Not valid JSON/)]);
  });

  it('names every cycle by its steps, also through thousands of them', () => {
    const many = Array.from({ length: 2_000 }, (_, n) => `  - { key: s${n}, run: x, needs: [s${(n + 1) % 2_000}] }`);
    const [problem] = problemsOf(`slug: a\nsteps:\n${many.join('\n')}\n`);
    expect(problem).toMatch(/^3:\d+ steps\[0\]\.needs\[0\] Steps need each other in a circle: `s0` → `s1` → .*`s0`/);
  });

  it('is answered in seconds, however much is wrong with it', () => {
    const before = process.cpuUsage();
    const lines = (count: number, line: (n: number) => string) =>
      Array.from({ length: count }, (_, n) => line(n)).join('\n');
    const misspelt = lines(1_000, n => `  - { key: step-${n}, run: x, needs: [stpe-${n}, step-${(n + 7) % 1_000}] }`);
    expect(problemsOf(`slug: a\nsteps:\n${misspelt}\n`)).toHaveLength(100);
    expect(problemsOf(lines(10_000, n => `k${n}: 1`))).toHaveLength(100);
    const prompt = lines(10_000, n => `{{ parameters.p${n} }}`);
    const agent = { provider: 'scripted', prompt };
    expect(problemsOf(JSON.stringify({ slug: 'a', steps: [{ key: 's', agent }] }))).toHaveLength(100);
    expect(problemsOf('['.repeat(100_000))[0]).toMatch(/Not valid YAML/);
    // Computing time, not the clock's: a busy machine is no fault of the flow.
    expect(process.cpuUsage(before).user / 1e6).toBeLessThan(20);
  });

  it('is refused when it is too large, or becomes so by its aliases', () => {
    expect(problemsOf(`slug: a\n# ${'x'.repeat(MAX_DOCUMENT_BYTES)}`)[0]).toMatch(/bytes; at most/);
    const bomb = Array.from(
      { length: 9 },
      (_, n) =>
        `l${n}: &l${n} [${Array(9)
          .fill(n === 0 ? 'lol' : `*l${n - 1}`)
          .join(', ')}]`,
    );
    expect(problemsOf(bomb.join('\n'))[0]).toMatch(/aliases that stand for more than/);
    const fat = `slug: a\nname: &n ${'x'.repeat(150_000)}\nsteps: [${Array(30).fill('*n').join(', ')}]`;
    expect(problemsOf(fat)[0]).toMatch(/aliases resolved.*at most/);
  });

  it('is refused when a single step is too large to be started', () => {
    expect(
      problemsOf(
        `slug: a\nsteps:\n${[0, 1, 2].map(n => `  - { key: s${n}, run: ${'x'.repeat(n === 1 ? 99_000 : 9)}, env: { A: ${'y'.repeat(n === 1 ? 110_000 : 9)} } }`).join('\n')}`,
      ),
    ).toEqual([expect.stringMatching(/^4:5 steps\[1\] Step `s1` has \d+ bytes; at most 200000/)]);
  });
});

function flowOf(source: string) {
  const reading = readFlow(source);
  if ('problems' in reading) throw new Error(JSON.stringify(reading.problems));
  return reading.flow;
}

function problemsOf(source: string, format?: 'yaml' | 'json'): string[] {
  const reading = readFlow(source, format);
  if (!('problems' in reading)) return [];
  return reading.problems.map(
    ({ line, column, path, message, fix }) =>
      `${line}:${column} ${path} ${message}${fix === undefined ? '' : ` ${fix}`}`,
  );
}
