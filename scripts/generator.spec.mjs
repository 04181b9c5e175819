import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { RunCompleted } from '@runledger/contracts';
import { createPostgresEventStore, migrateEventStore, newUuid } from '@runledger/event-store';
import { eventually, testDatabase } from '@runledger/testing';
import pg from 'pg';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const run = promisify(execFile);
const NAME = 'tea-break';

/** A workspace whose only application is the generated one; everything else is this repository. */
class Workshop {
  folder = mkdtempSync(join(tmpdir(), 'runledger-generated-'));
  #environment = { ...process.env, PATH: `${join(root, 'node_modules/.bin')}:${process.env.PATH}` };

  constructor() {
    for (const name of ['node_modules', 'libs', 'tsconfig.base.json', 'package.json', 'jest.config.mjs', 'scripts'])
      symlinkSync(join(root, name), join(this.folder, name));
  }

  /** What Nx hands to a generator, on real files. */
  tree = {
    exists: path => existsSync(join(this.folder, path)),
    write: (path, content) => {
      mkdirSync(dirname(join(this.folder, path)), { recursive: true });
      writeFileSync(join(this.folder, path), content);
    },
  };

  node(...args) {
    return run(process.execPath, args, { cwd: this.folder, env: this.#environment, encoding: 'utf8' });
  }

  write(path, content) {
    this.tree.write(path, content);
  }

  remove() {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

describe('a service that the generator wrote', () => {
  const workshop = new Workshop();
  let generate;

  beforeAll(async () => {
    ({ default: generate } = await import('../libs/sdk/generators/service/generator.mjs'));
    generate(workshop.tree, { name: NAME });
  });
  afterAll(() => workshop.remove());

  it('is found under the name that the documentation tells', () => {
    const read = path => JSON.parse(readFileSync(join(root, 'libs/sdk', path), 'utf8'));
    const { name, generators } = read('package.json');
    const { factory, schema } = read(generators).generators.service;
    expect(name).toBe('@runledger/sdk');
    for (const path of [factory, schema]) expect(existsSync(join(root, 'libs/sdk/generators', path))).toBe(true);
  });

  it('is not written over another one, nor under a name that cannot be one', () => {
    expect(() => generate(workshop.tree, { name: NAME })).toThrow('take another name');
    for (const name of ['Tea', 'tea break', '-tea', '../tea', 'x'.repeat(41)])
      expect(() => generate(workshop.tree, { name })).toThrow('cannot name a service');
  });

  it('keeps the rules of format', async () => {
    await workshop.node(join(root, 'node_modules/prettier/bin/prettier.cjs'), ...formatArgs(workshop.folder));
  }, 60_000);

  it('passes the type check and its own specs', async () => {
    workshop.write('tsconfig.json', '{ "extends": "./tsconfig.base.json", "include": ["apps/*/src/**/*.ts"] }');
    await workshop.node(join(root, 'node_modules/typescript-7/bin/tsc'), '-p', 'tsconfig.json');
    const config = `
      import base from './jest.config.mjs';
      const { globalSetup, globalTeardown, testSequencer, ...rest } = base;
      export default { ...rest, rootDir: import.meta.dirname, testMatch: ['<rootDir>/apps/**/*.int-spec.ts'] };`;
    workshop.write('jest.generated.config.mjs', config);
    const jest = ['--experimental-vm-modules', join(root, 'node_modules/jest/bin/jest.js'), '-i', '--json'];
    const { stdout } = await workshop.node(...jest, '--config', 'jest.generated.config.mjs');
    expect(JSON.parse(stdout)).toMatchObject({ success: true, numPassedTests: 2 });
  }, 120_000);

  it('builds, runs on a real log, does what it says, and ends when it is asked to', async () => {
    const { compile } = await import('./compile.mjs');
    await compile(['libs/sdk']);
    await workshop.node(join(root, 'scripts/compile.mjs'), `apps/${NAME}`);
    const database = await testDatabase();
    const pool = new pg.Pool({ connectionString: database.url, max: 2 });
    const store = createPostgresEventStore({ connectionString: database.url });
    let service;
    try {
      await migrateEventStore(pool);
      await appendCompleted(store);
      service = spawn(process.execPath, [`apps/${NAME}/dist/main.js`], {
        cwd: workshop.folder,
        env: { ...process.env, DATABASE_URL: database.url, REPORT_SECONDS: '1' },
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      const counts = async () => (await pool.query('select workspace, completed, failed from tea_break.outcome')).rows;
      const counted = [{ workspace: 'ws_1', completed: 1, failed: 0 }];
      await eventually(async () => expect(await counts()).toEqual(counted), 40_000);
      const gone = once(service, 'exit');
      service.kill('SIGTERM');
      expect(await gone).toEqual([0, null]);
    } finally {
      service?.kill('SIGKILL');
      await store.close();
      await pool.end();
      await database.drop();
    }
  }, 120_000);
});

/** Markdown too: its README is formatted as every page is. */
function formatArgs(folder) {
  return ['--check', '--config', join(root, '.prettierrc.json'), `${folder}/apps/${NAME}`];
}

async function appendCompleted(store) {
  const id = newUuid();
  const { type, data } = RunCompleted({ runId: 'run_1', completedAt: '2026-11-21T10:00:00.000Z' });
  const story = { correlationId: 'run_1', causationId: id, workspaceId: 'ws_1', schemaVersion: 1 };
  const metadata = { ...story, actor: { kind: 'system', id: 'spec' }, occurredAt: '2026-11-21T10:00:00.000Z' };
  await store.append({ tenant: 'ws_1', name: 'run-1' }, [{ id, type, data, metadata }], 'any');
}
