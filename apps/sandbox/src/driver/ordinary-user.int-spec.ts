import { compileProject } from '@runledger/testing';
import { execFileSync } from 'node:child_process';
import { chmodSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { living, markOf, testProfile } from './sandbox.fixture.js';

const MARK = markOf(4742);
const NOBODY = 65_534;

/** Runs a service as `nobody` when we are root, else as whoever we are. */
function asOrdinaryUser(program: string, inherited: number[] = []): unknown {
  const base = mkdtempSync(join(tmpdir(), 'runledger-ordinary-'));
  chmodSync(base, 0o777);
  const driver = (file: string) => JSON.stringify(new URL(`../../dist/driver/${file}.js`, import.meta.url).href);
  const prelude = `
    const { BubblewrapDriver } = await import(${driver('bubblewrap-driver')});
    const { ProcessDriver } = await import(${driver('process-driver')});
    const homeDir = ${JSON.stringify(join(base, 'home'))};
    const profile = ${JSON.stringify(testProfile())};
    const run = async (sandbox, script, more = {}) => {
      let output = '';
      const request = { callId: script, argv: ['bash', '-c', script], timeoutMs: 15_000, ...more };
      const result = await sandbox.exec({ ...request, onOutput: (_channel, chunk) => void (output += chunk) });
      return { ...result, output };
    };`;
  const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  try {
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', prelude + program], {
      ...user,
      env: {},
      stdio: ['ignore', 'pipe', 'inherit', ...inherited],
    });
    return JSON.parse(output.toString());
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
}

describe('a service that is an ordinary user', () => {
  beforeAll(() => {
    compileProject('apps/sandbox');
  });

  it('lets programs reach listed hosts only, by the same proxy', () => {
    const found = asOrdinaryUser(`
      const { createServer } = await import('node:http');
      const server = createServer((_request, response) => response.end('hello')).listen(0, '127.0.0.1');
      await new Promise(resolve => server.once('listening', resolve));
      const { port } = server.address();
      const network = { mode: 'allowlist', hosts: ['localhost:' + port] };
      const driver = new BubblewrapDriver({ homeDir, privateNetworks: ['127.0.0.0/8'] });
      const sandbox = await driver.open({ workspaceId: 'ws', runId: 'run-1', profile: { ...profile, network } });
      const curl = 'curl -s --noproxy none.invalid ';
      const listed = await run(sandbox, curl + 'http://localhost:' + port);
      const other = await run(sandbox, curl + 'http://example.com');
      const direct = await run(sandbox, 'grep -c : /proc/net/dev; (exec 3<>/dev/tcp/127.0.0.1/' + port + ') 2>&1');
      await sandbox.release();
      server.close();
      console.log(JSON.stringify({ listed, other, direct }));`);
    expect(found).toMatchObject({
      listed: { output: 'hello' },
      other: { output: expect.stringContaining('example.com is refused') },
      direct: { output: expect.stringMatching(/^1\n[\s\S]*Connection refused/) },
    });
  });

  it('isolates as well, and says which limits it cannot keep', () => {
    const found = asOrdinaryUser(`
      const driver = new BubblewrapDriver({ homeDir });
      await driver.selfTest();
      const sandbox = await driver.open({ workspaceId: 'ws', runId: 'run-1', profile });
      const result = await run(sandbox, 'id -u; pwd; echo data > file; cat file >/dev/stdout; exit 3');
      const timeout = await run(sandbox, 'setsid sleep ${MARK} & sleep ${MARK}', { timeoutMs: 400, graceMs: 200 });
      const bomb = await run(sandbox, 'for i in $(seq 80); do sleep 1 & done; wait', { timeoutMs: 5_000, graceMs: 0 });
      await sandbox.release();
      console.log(JSON.stringify({ result, timeout, bomb, capabilities: driver.capabilities() }));`);
    expect(found).toMatchObject({
      result: { why: 'exit', exitCode: 3, output: expect.stringMatching(/^(1000\n\/workspace\ndata\n)$/) },
      timeout: { why: 'timeout' },
      bomb: { output: expect.stringContaining('Resource temporarily unavailable') },
      capabilities: { memory: 'soft', pids: 'hard', cpu: 'absent', freeze: false },
    });
    expect(living(MARK)).toEqual([]);
  });

  it('passes on nothing of what it inherited itself, not even an open file', () => {
    const secret = openSync('/etc/hostname', 'r');
    const found = asOrdinaryUser(
      `
      const sandbox = await new BubblewrapDriver({ homeDir }).open({ workspaceId: 'ws', runId: 'run-1', profile });
      const own = (await import('node:fs')).readlinkSync('/proc/self/fd/5');
      const { output } = await run(sandbox, 'for f in 3 4 5 6 7 8 9; do readlink /proc/self/fd/$f; done; cat <&5');
      await sandbox.release();
      console.log(JSON.stringify({ own, output }));`,
      [secret, secret, secret],
    );
    closeSync(secret);
    expect(found).toMatchObject({ own: '/etc/hostname', output: expect.not.stringContaining('hostname') });
    expect(JSON.stringify(found)).not.toContain(readFileSync('/etc/hostname', 'utf8').trim());
  });

  it('kills whole trees without isolation, too', () => {
    const found = asOrdinaryUser(`
      const driver = new ProcessDriver({ homeDir, allowed: true });
      await driver.selfTest();
      const sandbox = await driver.open({ workspaceId: 'ws', runId: 'run-1', profile: { ...profile, isolation: 'none' } });
      const script = 'setsid sleep ${MARK} & trap "" TERM; echo on; while :; do sleep 0.1; done';
      const timeout = await run(sandbox, script, { timeoutMs: 2_000, graceMs: 200 }); // it must have set its trap by then
      const running = run(sandbox, 'setsid sleep ${MARK} & sleep ${MARK}').catch(error => error.code);
      await new Promise(resolve => setTimeout(resolve, 300));
      await sandbox.release();
      console.log(JSON.stringify({ timeout, released: await running }));`);
    expect(found).toMatchObject({ timeout: { why: 'timeout', exitCode: 137 }, released: 'SANDBOX_RELEASED' });
    expect(living(MARK)).toEqual([]);
  });
});
