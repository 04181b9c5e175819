import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { unlinted } from './lint-keys.mjs';

const manifest = (name, more = {}) =>
  JSON.stringify({ name, type: 'module', exports: { '.': { '@runledger/source': './src/index.ts' } }, ...more });
const FILES = {
  'package.json': '{}',
  'package-lock.json': '{}',
  'eslint.config.mjs': 'export default [];',
  'tsconfig.base.json':
    '{ "compilerOptions": { "module": "nodenext", "customConditions": ["@runledger/source"], "strict": true } }',
  'libs/kernel/package.json': manifest('@runledger/kernel'),
  'libs/kernel/src/index.ts': `export * from './event.js';\n`,
  'libs/kernel/src/event.ts': `import type { Id } from './ids.js';\nexport type Event = { id: Id };\n`,
  'libs/kernel/src/ids.ts': `import type { Event } from './event.js';\nexport type Id = string;\nexport type Of = Event['id'];\n`,
  'libs/kernel/src/alone.ts': 'export const alone = 1;\n',
  'apps/audit/package.json': manifest('@runledger/audit'),
  'apps/audit/src/index.ts': `import { alone } from './alone.js';\nexport const index = alone;\n`,
  'apps/audit/src/alone.ts': 'export const alone = 1;\n',
  'apps/audit/src/seal.ts': `export async function seal() {\n  return (await import('@runledger/kernel')).Event;\n}\n`,
  'apps/audit/src/reader.ts': `export * from './not-there-yet.js';\nexport type Row = import('./alone.js').Row;\n`,
  'apps/billing/package.json': manifest('@runledger/billing'),
  'apps/billing/src/index.ts': 'export const index = 1;\n',
};
const ALL = Object.keys(FILES).filter(path => path.endsWith('.ts'));

describe('what the lint looks at', () => {
  const root = mkdtempSync(join(tmpdir(), 'runledger-lint-keys-'));
  const kept = join(root, 'kept', 'lint.json');

  function write(path, content) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }

  beforeEach(() => {
    for (const path of ['apps', 'libs', 'kept', 'node_modules'])
      rmSync(join(root, path), { recursive: true, force: true });
    for (const [path, content] of Object.entries(FILES)) write(path, content);
    mkdirSync(join(root, 'node_modules/@runledger'), { recursive: true });
    symlinkSync('../../libs/kernel', join(root, 'node_modules/@runledger/kernel'));
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it('is everything, until all of it was found in order', () => {
    const first = unlinted(root, kept);
    expect(first.paths.toSorted()).toEqual(ALL.toSorted());
    expect(unlinted(root, kept).paths).toHaveLength(ALL.length);
    first.remember();
    expect(unlinted(root, kept).paths).toEqual([]);
  });

  it.each([
    ['a file that nothing imports', 'libs/kernel/src/alone.ts', ['libs/kernel/src/alone.ts']],
    [
      'a file behind an import and a type',
      'apps/audit/src/alone.ts',
      ['apps/audit/src/alone.ts', 'apps/audit/src/index.ts', 'apps/audit/src/reader.ts'],
    ],
    [
      'a file in a circle, behind a package that is imported later',
      'libs/kernel/src/ids.ts',
      ['apps/audit/src/seal.ts', 'libs/kernel/src/event.ts', 'libs/kernel/src/ids.ts', 'libs/kernel/src/index.ts'],
    ],
  ])('is, after a change of %s, that file and what its types reach', (_, path, expected) => {
    unlinted(root, kept).remember();
    write(path, `${FILES[path]}// changed\n`);
    expect(unlinted(root, kept).paths.toSorted()).toEqual(expected);
  });

  it('is what imports a file that was not there, with that file', () => {
    unlinted(root, kept).remember();
    write('apps/audit/src/not-there-yet.ts', 'export const there = 1;\n');
    expect(unlinted(root, kept).paths.toSorted()).toEqual([
      'apps/audit/src/not-there-yet.ts',
      'apps/audit/src/reader.ts',
    ]);
  });

  it.each([
    ['the rules', 'eslint.config.mjs', 'export default [{}];'],
    ['the settings of the compiler', 'tsconfig.base.json', '{ "compilerOptions": { "module": "nodenext" } }'],
    ['the packages', 'package-lock.json', '{ "packages": {} }'],
    ['who a project is', 'apps/billing/package.json', manifest('@runledger/billing', { nx: { tags: ['type:app'] } })],
    ['what a project imports', 'apps/billing/src/index.ts', `import '@runledger/kernel';\nexport const index = 1;\n`],
  ])('is everything after a change of %s', (_, path, content) => {
    unlinted(root, kept).remember();
    write(path, content);
    expect(unlinted(root, kept).paths.toSorted()).toEqual(ALL.toSorted());
  });

  it.each([
    ['libs/kernel/src/globals.ts', 'export {};\ndeclare global {\n  var now: number;\n}\n'],
    ['libs/kernel/src/vendor.d.ts', 'interface Vendor {\n  name: string;\n}\n'],
  ])('is everything after a change of what is declared globally: %s', (path, content) => {
    write(path, content);
    unlinted(root, kept).remember();
    write(path, content.replace(/number|string/, 'boolean'));
    expect(unlinted(root, kept).paths.toSorted()).toEqual([...ALL, path].toSorted());
  });
});
