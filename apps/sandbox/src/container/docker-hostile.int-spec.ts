import { existsSync, linkSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import type { ExecRequest, Sandbox } from '../driver/sandbox-driver.js';
import { ran, testProfile } from '../driver/sandbox.fixture.js';
import { DockerDriver } from './docker-driver.js';
import { DockerGround, noDocker, TEST_IMAGE } from './docker.fixture.js';

const reason = noDocker();
const described = reason === undefined ? describe : describe.skip;

described(`HOSTILE: what runs in a container${reason === undefined ? '' : ` (not tested here: ${reason})`}`, () => {
  const base = mkdtempSync(join(tmpdir(), 'runledger-docker-'));
  let ground: DockerGround;
  let driver: DockerDriver;
  let sandbox: Sandbox;
  let calls = 0;
  const driverOf = (more: Partial<ConstructorParameters<typeof DockerDriver>[0]> = {}) =>
    new DockerDriver({
      homeDir: join(base, 'home'),
      socketPath: ground.socketPath,
      pull: 'never',
      privateNetworks: ['127.0.0.0/8'],
      ...more,
    });
  const profile = (changes: Parameters<typeof testProfile>[0] = {}) =>
    testProfile({ isolation: 'docker', image: TEST_IMAGE, ...changes });
  const open = (runId: string, changes: Parameters<typeof testProfile>[0] = {}) =>
    driver.open({ workspaceId: 'ws', runId, profile: profile(changes) });
  const sh = (where: Sandbox, script: string, more: Partial<ExecRequest> = {}) =>
    ran(where, { callId: `call-${(calls += 1)}`, argv: ['bash', '-c', script], timeoutMs: 20_000, ...more });

  beforeAll(async () => {
    ground = await DockerGround.start();
    driver = driverOf();
    sandbox = await open('run-hostile');
  });
  afterAll(async () => {
    await driver.sweep(new Set());
    await ground.stop();
    rmSync(base, { recursive: true, force: true });
  });

  it('cannot write kernel settings, mount, make namespaces or gain rights', async () => {
    const script = `
      (echo x > /proc/sys/kernel/core_pattern) 2>&1; unshare -Ur true 2>&1; unshare -m true 2>&1
      mount -t tmpfs none /tmp 2>&1; grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status; id -u`;
    const { stdout } = await sh(sandbox, script);
    expect(stdout).toMatch(/core_pattern: (Read-only file system|Permission denied)/);
    expect(stdout.match(/unshare failed: Operation not permitted/g)).toHaveLength(2);
    expect(stdout).toMatch(/CapBnd:\t0+\nNoNewPrivs:\t1\nSeccomp:\t2\n/);
    expect(Number(stdout.trim().split('\n').at(-1))).toBeGreaterThan(0);
  });

  it('sees no file, process or secret of the host, and no engine', async () => {
    const { stdout } = await sh(sandbox, 'ls -d /root/* /work /var/run/docker.sock /home/* 2>/dev/null; ps ax | wc -l');
    expect(stdout).toMatch(/^\/home\/agent\n1?\d\n$/);
    const environments = await sh(sandbox, `cat /proc/*/environ 2>/dev/null | tr '\\0' '\\n'`);
    expect(environments.stdout).not.toContain(process.env.PATH);
    expect(environments.stdout).not.toContain(base);
  });

  it('cannot write to the system, and finds /proc of others closed', async () => {
    const { stdout } = await sh(sandbox, 'for p in /x /usr/x /etc/x /etc/passwd /bin/sh; do touch $p 2>&1; done');
    expect(stdout.match(/Read-only file system|Permission denied/g)).toHaveLength(5);
  });

  it('follows a link only inside, and has no right over what is linked in from outside', async () => {
    writeFileSync(join(base, 'secret'), 'host secret', { mode: 0o600 });
    const workspace = join(base, 'home', sandbox.runId, 'workspace');
    linkSync(join(base, 'secret'), join(workspace, 'linked'));
    const { stdout } = await sh(sandbox, `ln -s ${base}/secret away; cat away linked 2>&1; true`);
    expect(stdout).toMatch(/No such file.*Permission denied/s);
    expect(readFileSync(join(base, 'secret'), 'utf8')).toBe('host secret');
  });

  it('reaches the listed hosts through the proxy, and nothing else', async () => {
    const server = createServer((_request, response) => response.end('listed')).listen(0, '127.0.0.1');
    await new Promise(resolve => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const network = { mode: 'allowlist' as const, hosts: [`localhost:${port}`] };
    const listed = await open('run-listed', { network });
    const told: string[] = [];
    const get = (url: string) =>
      `exec 3<>/dev/tcp/127.0.0.1/\${http_proxy##*:}; printf 'GET ${url} HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3; echo;`;
    const script = `(${get(`http://localhost:${port}/`)}); (${get('http://169.254.169.254/')}); (exec 3<>/dev/tcp/127.0.0.1/${port}) 2>&1; true`;
    const { stdout } = await sh(listed, script, {
      onEgress: ({ host, refused }) => void told.push(`${host} ${refused === undefined ? 'passed' : 'refused'}`),
    });
    await new Promise(resolve => server.close(resolve));
    expect(stdout).toMatch(/200 OK.*listed.*403.*Connection refused/s);
    expect(told).toEqual(['localhost passed', '169.254.169.254 refused']);
    await listed.release();
  });

  it('fakes no end of another call and no output of it after its end', async () => {
    const once = { callId: 'honest', argv: ['bash', '-c', 'echo honest'] as const, timeoutMs: 20_000 };
    const first = await ran(sandbox, once);
    await sh(sandbox, 'for f in /run/runledger/*; do echo faked > $f; done; true');
    expect(await ran(sandbox, once)).toEqual({ ...first, replayed: true });
  });

  it('is gone after the service was killed: the next one removes every container that nobody wants', async () => {
    const left = await open('run-left-in-docker');
    await sh(left, 'echo x');
    const before = await ground.client.listContainers({ all: true });
    expect(before.flatMap(({ Names }) => Names).join()).toContain('run-left-in-docker');
    await driverOf().sweep(new Set(['run-hostile']));
    const after = (await ground.client.listContainers({ all: true })).flatMap(({ Names }) => Names).join();
    expect(after).not.toContain('run-left-in-docker');
    expect(after).toContain('run-hostile');
    expect(existsSync(join(base, 'home', 'run-left-in-docker'))).toBe(false);
    expect(execFileSync('ps', ['ax']).toString()).not.toContain('run-left-in-docker');
  });

  it('is not begun with an image that is not there, or brings too little, or on an engine that is silent', async () => {
    const missing = await open('run-missing', { image: 'example/none:1' });
    await expect(sh(missing, 'true')).rejects.toMatchObject({
      code: 'IMAGE_UNUSABLE',
      fix: 'docker pull example/none:1',
    });
    await expect(driverOf({ socketPath: join(base, 'none.sock') }).selfTest()).rejects.toMatchObject({
      code: 'SANDBOX_UNAVAILABLE',
    });
    await expect(driverOf({ runtime: 'runsc' }).selfTest()).rejects.toMatchObject({ code: 'SANDBOX_UNAVAILABLE' });
    await driver.selfTest();
  });
});
