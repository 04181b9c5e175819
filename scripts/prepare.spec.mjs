import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const source = name => new URL(name, import.meta.url);
const lock = version => ({
  packages: { '': {}, 'node_modules/left': { version }, 'node_modules/maybe': { version: '1.0.0', optional: true } },
});

describe('preparing a checkout', () => {
  let root;
  const write = (path, content) =>
    writeFileSync(join(root, path), typeof content === 'string' ? content : JSON.stringify(content));

  /** An npm that records being asked, and installs what the lock file names or fails. */
  function givenNpm({ fails = false } = {}) {
    const install = 'mkdir -p node_modules && cp package-lock.json node_modules/.package-lock.json';
    write('bin/npm', `#!/bin/sh\necho "$@" >> npm-calls\n${fails ? 'exit 1' : install}\n`);
    chmodSync(join(root, 'bin/npm'), 0o755);
  }

  function prepare(...flags) {
    const env = { PATH: `${join(root, 'bin')}:/usr/bin:/bin` };
    const { status, stderr } = spawnSync(process.execPath, ['scripts/prepare.mjs', ...flags], {
      cwd: root,
      env,
      encoding: 'utf8',
    });
    return { status, said: stderr, asked: existsSync(join(root, 'npm-calls')) };
  }

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'runledger-prepare-'));
    for (const folder of ['scripts', 'bin']) mkdirSync(join(root, folder));
    for (const script of ['prepare.mjs', 'compile.mjs', 'bundle.mjs'])
      cpSync(source(script), join(root, 'scripts', script));
    write('bin/bwrap', ''); // so that nothing is installed on this machine
    write('package-lock.json', lock('1.0.0'));
    givenNpm();
  });

  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it('installs the packages when there are none, and says so', () => {
    expect(prepare()).toEqual({ status: 0, said: expect.stringMatching(/npm ci.*none are installed/), asked: true });
  });

  it('does and says nothing when everything is there', () => {
    prepare();
    rmSync(join(root, 'npm-calls'));
    expect(prepare()).toEqual({ status: 0, said: '', asked: false });
  });

  it('says that it compiles when that takes a while, and how much there was', () => {
    prepare();
    write('scripts/compile.mjs', 'export const compile = () => new Promise(made => setTimeout(() => made(1), 1_500));');
    expect(prepare('--build').said).toMatch(/^Compiling what has changed …\nCompiled 1 file in \d+ ms\.\n$/);
    expect(prepare('--build', '--quiet').said).toBe('');
  });

  it('installs again when the lock file asks for something else, or an installation was interrupted', () => {
    prepare();
    write('package-lock.json', lock('2.0.0'));
    expect(prepare().said).toMatch(/left is not the version/);
    rmSync(join(root, 'node_modules/.package-lock.json'));
    expect(prepare().said).toMatch(/none are installed/);
  });

  it('stops when the packages cannot be installed', () => {
    givenNpm({ fails: true });
    expect(prepare()).toMatchObject({ status: 1, said: expect.stringMatching(/npm ci failed/) });
  });

  it('does not ask for packages that another system needs', () => {
    mkdirSync(join(root, 'node_modules'));
    write('node_modules/.package-lock.json', { packages: { 'node_modules/left': { version: '1.0.0' } } });
    expect(prepare().asked).toBe(false);
  });
});

describe('compiling', () => {
  let root;
  const at = path => join(root, path);

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'runledger-compile-'));
    for (const folder of ['scripts', 'libs/a/src/deep', 'apps']) mkdirSync(at(folder), { recursive: true });
    for (const file of ['.swcrc', 'package.json']) cpSync(source(`../${file}`), at(file));
    for (const script of ['compile.mjs', 'bundle.mjs', 'runner-snapshot.mjs', 'snapshot-blob.mjs'])
      cpSync(source(script), at(`scripts/${script}`));
    writeFileSync(at('libs/a/package.json'), '{ "type": "module" }');
    writeFileSync(at('libs/a/src/index.ts'), `export const answer: number = 42;\n`);
    writeFileSync(at('libs/a/src/deep/shape.graphql'), 'type Query { answer: Int! }\n');
    writeFileSync(at('libs/a/src/index.spec.ts'), `it('is not shipped', () => {});\n`);
    spawnSync('ln', ['-s', source('../node_modules').pathname, at('node_modules')]);
  });

  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function compile(...folders) {
    return spawnSync(process.execPath, ['scripts/compile.mjs', ...folders], { cwd: root, encoding: 'utf8' });
  }

  it('gives programs, and the files that they read, but no specs', async () => {
    expect(compile().stdout).toBe('2 files compiled.\n');
    expect(existsSync(at('libs/a/dist/index.spec.js'))).toBe(false);
    expect(existsSync(at('libs/a/dist/deep/shape.graphql'))).toBe(true);
    const run = spawnSync(process.execPath, [
      '-e',
      `import('${at('libs/a/dist/index.js')}').then(m => console.log(m.answer))`,
    ]);
    expect(String(run.stdout)).toBe('42\n');
  });

  it('does again only what changed, and removes what has no source any more', () => {
    compile();
    expect(compile().stdout).toBe('0 files compiled.\n');
    writeFileSync(at('libs/a/src/more.ts'), 'export {};\n');
    rmSync(at('libs/a/src/deep/shape.graphql'));
    expect(compile().stdout).toBe('1 files compiled.\n');
    expect(existsSync(at('libs/a/dist/deep/shape.graphql'))).toBe(false);
  });

  it('takes a package with all that it depends on, and nothing else', () => {
    const given = (folder, name, dependencies) => {
      mkdirSync(at(`${folder}/src`), { recursive: true });
      writeFileSync(at(`${folder}/package.json`), JSON.stringify({ name, type: 'module', dependencies }));
      writeFileSync(at(`${folder}/src/index.ts`), 'export {};\n');
    };
    given('libs/a', 'a');
    given('libs/b', 'b', { a: '*', elsewhere: '1.0.0' });
    given('apps/c', 'c', { b: '*' });
    given('apps/d', 'd', { a: '*' });
    expect(compile('apps/c').status).toBe(0);
    expect(['libs/a', 'libs/b', 'apps/c', 'apps/d'].map(folder => existsSync(at(`${folder}/dist/index.js`)))).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });

  it('names every file that does not compile, and compiles it once it does', () => {
    writeFileSync(at('libs/a/src/broken.ts'), 'export const = ;\n');
    const { status, stderr } = compile();
    expect([status, stderr]).toEqual([1, expect.stringMatching(/libs\/a\/src\/broken\.ts/)]);
    writeFileSync(at('libs/a/src/broken.ts'), 'export const whole = 1;\n');
    expect(compile().stdout).toBe('1 files compiled.\n');
  });

  it('makes one of a program and all that it imports, which finds its files and is never older than they are', () => {
    mkdirSync(at('apps/standalone/src'), { recursive: true });
    writeFileSync(at('apps/standalone/package.json'), '{ "type": "module" }');
    writeFileSync(at('apps/standalone/src/word.txt'), 'sheep');
    const lines = [
      `import { readFileSync } from 'node:fs';`,
      `import { answer } from '../../../libs/a/dist/index.js';`,
      `console.log(answer, readFileSync(new URL('./word.txt', import.meta.url), 'utf8'));`,
    ];
    writeFileSync(at('apps/standalone/src/main.ts'), lines.join('\n'));
    const bundle = at('apps/standalone/dist/bundle/main.js');
    const says = () => spawnSync(process.execPath, [bundle], { encoding: 'utf8' }).stdout;
    compile();
    expect(says()).toBe('42 sheep\n');
    writeFileSync(at('libs/a/src/index.ts'), `export const answer: number = 43_000;\n`);
    compile('libs/a');
    expect(existsSync(bundle)).toBe(false);
    compile();
    expect(says()).toBe('43000 sheep\n');
  });
});
