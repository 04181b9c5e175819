import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { flowDocument } from './flow-document.js';
import { flowSchema } from './flow-schema.js';

/** A document that says everything, in its long and its short forms. */
const everything = {
  $schema: 'x',
  slug: 'release',
  name: 'Release',
  description: 'd',
  parameters: { version: { type: 'string' }, flag: 'boolean' },
  defaults: { profile: 'local', execution: 'BACKGROUND', checkpointMode: 'NONE' },
  concurrency: { key: 'a {{ parameters.version }}', policy: 'SKIP' },
  requires: { credentials: ['github'], environments: [], integrations: ['slack'] },
  retention: { artifactsDays: 7 },
  steps: [
    {
      key: 'plan',
      name: 'Plan',
      needs: [],
      if: 'parameters.flag',
      agent: {
        provider: 'scripted',
        model: 'm',
        skill: 'careful',
        instructions: 'i',
        prompt: 'p',
        tools: ['bash'],
        maxTurns: 3,
        maxOutputTokens: 9,
        script: [
          { thinking: 't', text: 'x', tools: [{ name: 'bash', arguments: { command: 'ls', deep: [1, null] } }] },
        ],
      },
      gates: {
        before: 'May it?',
        after: { message: 'Well?', policy: { approvers: ['a'], count: 1, excludeStarter: true }, timeoutMs: 1_000 },
      },
      routes: [
        { on: 'ERROR', to: 'ship' },
        { on: ['SUCCESS', 'PARTIAL'], if: 'output.ok', to: ['ship'] },
        { to: 'ship' },
      ],
      onFailure: { then: 'SKIP', retry: { max: 3, backoff: '10s', factor: 1.5, maxBackoffMs: 60_000 } },
      output: { schema: { type: 'object' }, passes: 0 },
      requires: { credentials: ['x'] },
      timeout: '1h30m',
      artifacts: ['**/*.md'],
    },
    { key: 'ship', needs: ['plan'], run: 'x', env: { CI: 'true' }, onFailure: 'PAUSE', timeoutMs: 500, gate: 'Now?' },
    {
      key: 'ask',
      gate: {
        message: 'm',
        approvers: ['a', 'b'],
        count: 2,
        excludeStarter: false,
        timeout: 3_600_000,
        onTimeout: 'ESCALATE',
        escalateTo: ['c'],
        autoApproveInBackground: true,
      },
    },
    { key: 'long', command: { run: 'x', env: {} }, onFailure: { retry: 2 } },
  ],
};

type Path = readonly (string | number)[];

function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [
    path,
    ...Object.entries(value).flatMap(([key, inner]) =>
      pathsOf(inner, [...path, Array.isArray(value) ? Number(key) : key]),
    ),
  ];
}

function changed(path: Path, change: (holder: Record<string, unknown>, key: string) => void): unknown {
  const copy = structuredClone({ root: everything }) as Record<string, unknown>;
  const whole = ['root', ...path];
  const holder = whole
    .slice(0, -1)
    .reduce<Record<string, unknown>>((at, key) => at[key] as Record<string, unknown>, copy);
  change(holder, String(whole.at(-1)));
  return copy['root'];
}

const odd = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    0,
    -1,
    1,
    1.5,
    100_000,
    '',
    'x',
    'PAUSE',
    'ERROR',
    'bash',
    '5m',
    '1x',
    'a b',
    'A-b',
    'ü',
  ),
  fc.constantFrom<unknown>(
    [],
    {},
    [''],
    ['x'],
    [1],
    { message: 'm' },
    { max: 1 },
    { key: 'k' },
    { to: 'x' },
    { run: 'x' },
  ),
  fc.constantFrom<unknown>(
    'x'.repeat(201),
    'x'.repeat(4_001),
    Array.from({ length: 101 }, () => 'x'),
  ),
  fc.jsonValue({ maxDepth: 2 }),
);

describe('the published schema and the check of documents', () => {
  const accepts = new Ajv2020({ strict: false }).compile(flowSchema());
  const both = (document: unknown) => {
    const published = accepts(document);
    expect([published, flowDocument.safeParse(document).success, document]).toEqual([published, published, document]);
  };

  it('accept a document that says everything', () => {
    expect(accepts(everything)).toBe(true);
    both(everything);
  });

  it('agree on every document with one part exchanged, removed or added', () => {
    const paths = pathsOf(everything);
    fc.assert(
      fc.property(fc.constantFrom(...paths), odd, fc.constantFrom('exchange', 'remove', 'add'), (path, value, kind) => {
        const document = changed(path, (holder, key) => {
          if (kind === 'exchange') holder[key] = value;
          else if (kind === 'remove') Reflect.deleteProperty(holder, key);
          else if (typeof holder[key] === 'object' && holder[key] !== null && !Array.isArray(holder[key]))
            Object.assign(holder[key], { more: value });
        });
        // What was removed from a list left a hole, which JSON does not have.
        both(JSON.parse(JSON.stringify(document ?? null)));
      }),
      { numRuns: 1_500 },
    );
  });

  it('agree on anything at all', () => {
    fc.assert(
      fc.property(fc.jsonValue(), document => both(document)),
      { numRuns: 300 },
    );
  });
});
