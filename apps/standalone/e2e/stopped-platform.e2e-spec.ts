import { jest } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually, testDatabase } from '@runledger/testing';
import type { TestDatabase } from '@runledger/testing';
import { COUNTED_FLOW, CountedWork } from './counted-work.fixture.js';
import { descendantsOf, describeWith } from './machine.fixture.js';
import { argumentsOf, build, ofThisRun, PATIENCE_MS, ROOT, TemporaryHome } from './platform-process.fixture.js';
import { expectTickets, ticketFlow, Tracker } from './tickets.fixture.js';

jest.setTimeout(PATIENCE_MS);

beforeAll(build, PATIENCE_MS);

describeWith('bwrap')('a platform that is asked to stop during a run (needs bwrap)', () => {
  const home = new TemporaryHome();
  const counted = new CountedWork();
  let tracker: Tracker;
  const environment = () => ({ ...counted.environment, ...tracker.environment, RUNLEDGER_SAMPLE: 'off' });

  beforeAll(async () => {
    tracker = await Tracker.open();
  });
  afterAll(async () => {
    await home.giveBack();
    await tracker.close();
    counted.giveBack();
  });

  it('ends within ten seconds with code 0 and no process left, by SIGTERM and by SIGINT, and goes on at the next start', async () => {
    let platform = await home.start(environment());
    await counted.publishProfile(platform.api);
    await platform.api.publishFlow(COUNTED_FLOW);
    counted.hold('second');
    counted.hold('program');
    const runId = await platform.api.started('counted');
    // What a function waits for does not come before the last start.
    await platform.api.publishFlow(ticketFlow('counted'));
    tracker.hold();
    const ticketsId = await platform.api.started('tickets');
    for (const [signal, work] of [
      ['SIGTERM', 'second'],
      ['SIGINT', 'program'],
    ] as const) {
      await eventually(() => counted.ran().includes(`${work} begins`));
      const calls = signal === 'SIGTERM' ? 1 : 2;
      await eventually(() => expect(tracker.asked).toHaveLength(calls));
      expect(descendantsOf(platform.pid).length).toBeGreaterThan(0);
      const ending = await platform.stop(signal);
      expect(ending).toMatchObject({ code: 0, signal: null });
      expect(ending.afterMs).toBeLessThan(10_000);
      const repeated = /^\{[^\n]*"step":"first"[^\n]*a function is called that may have been called before[^\n]*\}\n$/;
      const complaints = calls === 1 ? '' : (expect.stringMatching(repeated) as string);
      expect([platform.output, platform.errors]).toEqual([expect.stringContaining(`${signal}: stopping`), complaints]);
      expect(home.leftovers()).toEqual([]);
      counted.letGo(work);
      platform = await home.start(environment());
    }
    await platform.api.reaches(runId, 'COMPLETED');
    await eventually(() => expect(tracker.asked).toHaveLength(3));
    tracker.letGo();
    await expectTickets(platform.api, ticketsId, tracker);
    expect(new Set(tracker.asked.map(({ key }) => key))).toEqual(new Set(tracker.tickets));
    expect(counted.ran().filter(line => !line.endsWith('begins'))).toEqual([
      'first',
      'second ends',
      'third',
      'program ends',
    ]);
  });
});

describe('npm start', () => {
  it('ends by one Ctrl-C with code 0 and nothing left, though npm passes on what the terminal sends to everybody', async () => {
    const home = new TemporaryHome();
    const env = {
      ...ofThisRun(),
      HOME: home.path,
      RUNLEDGER_HOME: home.path,
      PORT: '0',
      RUNLEDGER_SAMPLE: 'off',
    };
    const npm = spawn('npm', ['start'], { cwd: ROOT, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [npm.stdout, npm.stderr]) stream.on('data', chunk => (said += String(chunk)));
    const ended = once(npm, 'close');
    await eventually(() => said.includes('Runledger is ready'), PATIENCE_MS / 2);
    process.kill(-(npm.pid ?? 0), 'SIGINT');
    expect(await ended).toEqual([0, null]);
    expect(said).toMatch(/SIGINT: stopping …\n$/);
    expect(home.leftovers()).toEqual([]);
    await home.giveBack();
  });
});

describe('a platform whose output nobody reads any more', () => {
  it('goes on, and ends with code 0 and nothing left when it is asked to', async () => {
    const home = new TemporaryHome();
    const env = { ...ofThisRun(), HOME: home.path, RUNLEDGER_HOME: home.path, PORT: '0', RUNLEDGER_SAMPLE: 'off' };
    const platform = spawn(process.execPath, argumentsOf(['main.js']), {
      cwd: home.path,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let errors = '';
    platform.stderr.on('data', chunk => (errors += String(chunk)));
    const ended = once(platform, 'exit');
    await once(platform.stdout, 'data'); // as `head -n 1` does
    platform.stdout.destroy();
    await eventually(() => expect(existsSync(join(home.path, 'token'))).toBe(true), PATIENCE_MS / 2);
    platform.kill('SIGTERM');
    expect([await ended, errors]).toEqual([[0, null], '']);
    expect(home.leftovers()).toEqual([]);
    await home.giveBack();
  });
});

describe('a platform that is asked to stop before it is ready', () => {
  it('ends with code 0 and nothing left', async () => {
    const home = new TemporaryHome();
    const platform = home.spawn();
    await platform.says(/Runledger starts in/);
    await delay(400); // its database is being made
    expect(await platform.stop()).toMatchObject({ code: 0, signal: null });
    expect([home.leftovers(), platform.errors]).toEqual([[], '']);
    await home.giveBack();
  });
});

describe('a platform that cannot start', () => {
  const home = new TemporaryHome();
  let database: TestDatabase;

  beforeAll(async () => {
    database = await testDatabase();
  });
  afterAll(async () => {
    await home.giveBack();
    await database.drop();
  });

  it('because another one works in the folder says so and leaves that one alone', async () => {
    const environment = { DATABASE_URL: database.url, RUNLEDGER_SAMPLE: 'off' };
    const first = await home.start(environment);
    const second = home.spawn(environment);
    expect(await second.end()).toMatchObject({ code: 1 });
    expect(second.errors).toBe(
      `Another Runledger (process ${first.pid}) works in ${home.path}. Stop it, or set RUNLEDGER_HOME to another folder.\n`,
    );
    expect((await fetch(`${first.url}/health/ready`)).status).toBe(200);
    expect((await first.stop()).code).toBe(0);
  });

  it('because its port is taken says which one and what to do, and leaves nothing running', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await eventually(() => other.listening);
    const port = (other.address() as AddressInfo).port;
    const platform = home.spawn({ DATABASE_URL: database.url, RUNLEDGER_SAMPLE: 'off', PORT: String(port) });
    expect(await platform.end()).toMatchObject({ code: 1 });
    other.close();
    expect(platform.errors).toMatch(new RegExp(`^Port ${port} of 127\\.0\\.0\\.1 is in use.*PORT`));
    expect(platform.errors).not.toContain('    at ');
    expect(home.leftovers()).toEqual([]);
  });

  it('because its database is not there says so, without the password', async () => {
    const url = 'postgres://someone:secret-word@127.0.0.1:9/nowhere';
    const platform = home.spawn({ DATABASE_URL: url, RUNLEDGER_SAMPLE: 'off' });
    expect(await platform.end()).toMatchObject({ code: 1 });
    expect(platform.errors).toMatch(/127\.0\.0\.1:9/);
    expect(platform.errors).toMatch(/DATABASE_URL/);
    expect(platform.errors).not.toMatch(/secret-word| {4}at /);
  });

  it('because the module of its functions is not there says so in one line, before it starts anything', async () => {
    const platform = home.spawn({ ORCHESTRATOR_FUNCTIONS: '/nowhere/functions.mjs' });
    expect(await platform.end()).toMatchObject({ code: 1 });
    expect(platform.errors).toMatch(
      /^The functions of \/nowhere\/functions\.mjs cannot be used: ENOENT.*ORCHESTRATOR_FUNCTIONS\.\n$/,
    );
    expect(home.leftovers()).toEqual([]);
  });

  it('because of its settings lists every variable that cannot be used', async () => {
    const platform = home.spawn({
      PORT: 'http',
      LOG_LEVEL: 'loud',
      DATABASE_URL: 'mysql://secret-word',
      SANDBOX_MAX_ATTEMPTS: '0',
    });
    expect(await platform.end()).toMatchObject({ code: 1 });
    for (const variable of ['PORT', 'LOG_LEVEL', 'DATABASE_URL', 'SANDBOX_MAX_ATTEMPTS']) {
      expect(platform.errors).toMatch(new RegExp(`^  ${variable}: `, 'm'));
    }
    expect(platform.errors).not.toMatch(/secret-word| {4}at /);
  });
});
