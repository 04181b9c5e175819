import { jest } from '@jest/globals';
import { execFile, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { eventually, testDatabase } from '@runledger/testing';
import type { TestDatabase } from '@runledger/testing';
import pg from 'pg';
import { profileNamed } from './counted-work.fixture.js';
import { describeWith } from './machine.fixture.js';
import { argumentsOf, build, ofThisRun, PATIENCE_MS, TemporaryHome } from './platform-process.fixture.js';
import type { PlatformProcess } from './platform-process.fixture.js';

jest.setTimeout(PATIENCE_MS);

const FLOW = `
slug: plain
defaults: { profile: plain }
steps: [{ key: only, run: 'echo done' }]
`;

interface Outcome {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

describeWith('bwrap')('npm run projections, beside a platform at work (needs bwrap)', () => {
  const home = new TemporaryHome();
  let database: TestDatabase;
  let platform: PlatformProcess;

  beforeAll(async () => {
    build();
    database = await testDatabase();
    platform = await home.start({ RUNLEDGER_SAMPLE: 'off', DATABASE_URL: database.url });
    await platform.api.publishProfile(profileNamed('plain'));
    await platform.api.publishFlow(FLOW);
    await platform.api.reaches(await platform.api.started('plain'), 'COMPLETED');
  }, PATIENCE_MS);

  afterAll(async () => {
    await home.giveBack();
    await database.drop();
  });

  const projections = (...args: readonly string[]) =>
    new Promise<Outcome>(resolve => {
      const env = { ...ofThisRun(), RUNLEDGER_HOME: home.path, DATABASE_URL: database.url };
      execFile(process.execPath, argumentsOf(['projections.js', ...args]), { env }, (error, output, errors) => {
        resolve({ code: error ? Number(error.code) : 0, output, errors });
      });
    });

  /** Changes the rows behind the platform's back. */
  async function tamper(statement: string): Promise<number | null> {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    try {
      return (await client.query(statement)).rowCount;
    } finally {
      await client.end();
    }
  }

  it('lists where every read model stands', async () => {
    await eventually(async () => {
      const { code, output } = await projections('list', '--json');
      expect(code).toBe(0);
      const listed = output
        .trim()
        .split('\n')
        .map(line => JSON.parse(line) as { name: string; state: string; owners: string[] });
      expect(listed.map(({ name }) => name)).toEqual(expect.arrayContaining(['runs', 'flows', 'transcript']));
      expect(listed.filter(({ state }) => state === 'not-running' || state === 'never-run')).toEqual([]);
      expect(listed.every(({ owners }) => owners.length === 1)).toBe(true);
    });
  });

  it('verifies that all rows are those of a rebuild', async () => {
    const { code, output, errors } = await projections('verify');
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(output).toMatch(/^runs: .* 1 rows up to position \d+, \w{16} {2}equal$/m);
    expect(output).not.toContain('DIFFERS');
  });

  it('names a row that was altered by hand, and mends it by a rebuild that nobody notices', async () => {
    expect(await tamper(`update gateway.runs set status = 'FAILED'`)).toBe(1);
    const found = await projections('verify', 'runs');
    expect(found.code).toBe(1);
    expect(found.output).toContain('DIFFERS in 1 rows');
    expect(found.output).toMatch(/altered .*run_.*status is FAILED, and must be COMPLETED/);

    const mended = await projections('rebuild', 'runs');
    expect({ code: mended.code, errors: mended.errors }).toEqual({ code: 0, errors: '' });
    expect(mended.output).toMatch(/^runs: applied \d+ events in .* s; its rows stand at \d+$/m);
    expect(await projections('verify', 'runs')).toMatchObject({ code: 0 });

    // The platform goes on from the new rows.
    const runId = await platform.api.started('plain');
    await platform.api.reaches(runId, 'COMPLETED');
    expect(await projections('verify')).toMatchObject({ code: 0 });
  });

  it('says in one line what it cannot do', async () => {
    expect(await projections('verify', 'nonsense')).toMatchObject({
      code: 2,
      errors: expect.stringContaining('There is no projection nonsense. There are ') as string,
    });
    expect(await projections('rebuild')).toMatchObject({
      code: 2,
      errors: expect.stringContaining('npm run') as string,
    });
  });

  it('says what to do where there are no tables to look after', async () => {
    const empty = await testDatabase();
    for (const command of [
      ['timers.js', 'list'],
      ['projections.js', 'list'],
    ]) {
      const env = { ...ofThisRun(), RUNLEDGER_HOME: home.path, DATABASE_URL: empty.url };
      const { stderr } = spawnSync(process.execPath, argumentsOf(command), { env, encoding: 'utf8' });
      expect(stderr).toMatch(/does not exist.*npm run migrate/);
      expect(stderr).not.toMatch(/^ {4}at /m);
    }
    await empty.drop();
  });

  it('makes no database where a mistyped folder has none', async () => {
    const empty = new TemporaryHome();
    const env = { ...ofThisRun(), RUNLEDGER_HOME: empty.path };
    const { status, stdout, stderr } = spawnSync(process.execPath, argumentsOf(['projections.js', 'list']), {
      env,
      encoding: 'utf8',
    });
    const said = `There is no embedded PostgreSQL in ${empty.path}. Set RUNLEDGER_HOME to `;
    expect([status, stdout, stderr]).toEqual([2, '', expect.stringContaining(said)]);
    expect(readdirSync(empty.path)).toEqual([]);
    await empty.giveBack();
  });
});
