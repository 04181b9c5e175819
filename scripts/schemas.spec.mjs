import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { breaksOf } from './reference/schema-breaks.mjs';

const root = join(import.meta.dirname, '..');
const object = (properties, required = Object.keys(properties), more = { additionalProperties: false }) => ({
  type: 'object',
  properties,
  required,
  ...more,
});
const text = { type: 'string' };
const number = { type: 'number' };
const kinds = (before, after) => breaksOf(before, after).map(({ path, kind }) => `${path}: ${kind}`);

describe('a released schema', () => {
  it.each([
    ['loses a field', object({ a: text, b: text }), object({ a: text }), ['b: field-removed']],
    ['wants one more', object({ a: text }), object({ a: text, b: text }), ['b: required-added']],
    ['wants what was optional', object({ a: text }, []), object({ a: text }), ['a: required-added']],
    ['no longer has what was always there', object({ a: text }), object({ a: text }, []), ['a: required-dropped']],
    ['changes a type', object({ a: text }), object({ a: number }), ['a: type-changed']],
    ['allows null', object({ a: text }), object({ a: { anyOf: [text, { type: 'null' }] } }), ['a: type-changed']],
    ['narrows an enum', object({ a: { enum: ['x', 'y'] } }), object({ a: { enum: ['x'] } }), ['a: enum-narrowed']],
    [
      'makes a list of what was free',
      object({ a: text }),
      object({ a: { type: 'string', enum: ['x'] } }),
      ['a: enum-narrowed'],
    ],
    ['changes a constant', object({ a: { const: 'x' } }), object({ a: { const: 'y' } }), ['a: enum-narrowed']],
    ['raises a bound', object({ a: number }), object({ a: { ...number, minimum: 1 } }), ['a: tightened']],
    [
      'shortens a text',
      object({ a: { ...text, maxLength: 9 } }),
      object({ a: { ...text, maxLength: 8 } }),
      ['a: tightened'],
    ],
    ['adds a pattern', object({ a: text }), object({ a: { ...text, pattern: '^x' } }), ['a: tightened']],
    ['closes an object', object({}, [], {}), object({}), ['the data: closed']],
    [
      'changes what a list holds',
      object({ a: { type: 'array', items: object({ b: text }) } }),
      object({ a: { type: 'array', items: object({}) } }),
      ['a[].b: field-removed'],
    ],
    [
      'loses a variant',
      object({ a: { anyOf: [object({ kind: { const: 'x' } }), object({ kind: { const: 'y' } })] } }),
      object({ a: { anyOf: [object({ kind: { const: 'x' } })] } }),
      ['a: variant-removed'],
    ],
    [
      'changes what it refers to',
      {
        ...object({ a: { $ref: '#/$defs/json' } }),
        $defs: { json: { anyOf: [text, { type: 'array', items: { $ref: '#/$defs/json' } }] } },
      },
      { ...object({ a: { $ref: '#/$defs/json' } }), $defs: { json: { anyOf: [text] } } },
      ['a: variant-removed'],
    ],
  ])('is broken when it %s', (_how, before, after, expected) => {
    expect(kinds(before, after)).toEqual(expected);
  });

  it.each([
    ['gets an optional field', object({ a: text }), object({ a: text, b: text }, ['a'])],
    ['gets one more value or variant', object({ a: { enum: ['x'] } }), object({ a: { enum: ['x', 'y'] } })],
    ['allows more', object({ a: { ...text, maxLength: 8 } }), object({ a: { ...text, maxLength: 9 } })],
    ['is explained', object({ a: text }), object({ a: { ...text, description: 'What it is.', examples: ['x'] } })],
  ])('holds when it %s', (_how, before, after) => {
    expect(kinds(before, after)).toEqual([]);
  });

  it('holds as long as nobody touches it: every one of ours', () => {
    for (const file of readdirSync(join(root, 'libs/contracts/schemas'))) {
      const schema = JSON.parse(readFileSync(join(root, 'libs/contracts/schemas', file), 'utf8'));
      expect([file, kinds(schema, structuredClone(schema))]).toEqual([file, []]);
    }
  });
});

describe('the check before a change is taken', () => {
  const path = 'libs/contracts/schemas/TeaServed.v1.json';
  let folder;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'runledger-schemas-'));
    git('init', '-q');
    write(object({ cups: number, kind: text }));
    commit('feat: serve tea');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const git = (...args) => execFileSync('git', args, { cwd: folder, stdio: 'ignore' });
  const commit = message => {
    git('add', '-A');
    git('-c', 'user.name=spec', '-c', 'user.email=spec@example.com', 'commit', '-q', '-m', message);
  };
  const write = schema => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), JSON.stringify(schema));
  };
  const check = (...args) =>
    spawnSync(process.execPath, ['scripts/schemas.mjs', '--repository', folder, ...args], {
      cwd: root,
      encoding: 'utf8',
    });

  it('passes before the first release, and says so', () => {
    expect(check()).toMatchObject({ status: 0, stdout: expect.stringContaining('Nothing was released yet') });
  });

  it('names what broke since the newest release, and what to do', () => {
    git('tag', 'v0.9.0');
    git('tag', 'v0.10.0');
    expect(check()).toMatchObject({ status: 0, stdout: 'Every event schema of v0.10.0 still holds.\n' });
    write(object({ cups: text }));
    const { status, stderr } = check();
    expect(status).toBe(1);
    expect(stderr).toContain('TeaServed.v1: cups was number, is string.');
    expect(stderr).toContain('TeaServed.v1: kind is gone.');
    expect(stderr).toContain(`git checkout v0.10.0 -- ${path}`);
    expect(stderr).toContain('raise `version` of TeaServed, add `upcast[1]`');
    rmSync(join(folder, path));
    expect(check('--against', 'v0.9.0').stderr).toContain('TeaServed.v1: its schema is gone.');
  });
});
