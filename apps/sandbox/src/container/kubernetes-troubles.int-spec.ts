import { eventually } from '@runledger/testing';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecRequest, Sandbox } from '../driver/sandbox-driver.js';
import { ran, testProfile } from '../driver/sandbox.fixture.js';
import { KubernetesDriver, type KubernetesOptions } from './kubernetes-driver.js';
import { IMAGE } from './kubernetes-pods.fixture.js';
import { FakeCluster, NAMESPACE } from './kubernetes.fixture.js';

const canRun = process.getuid?.() === 0 && existsSync('/usr/bin/bwrap');
const described = canRun ? describe : describe.skip;

described(`a cluster in trouble${canRun ? '' : ' (needs root and bwrap)'}`, () => {
  const base = mkdtempSync(join(tmpdir(), 'runledger-kubernetes-'));
  const cluster = new FakeCluster();
  let options: KubernetesOptions;
  let driver: KubernetesDriver;
  let calls = 0;

  beforeAll(async () => {
    const kubeconfig = await cluster.start();
    const settings = { namespace: NAMESPACE, kubeconfig, deadlineSeconds: 600 };
    options = { ...settings, homeDir: join(base, 'home'), pullPatienceMs: 400, privateNetworks: ['127.0.0.0/8'] };
    driver = new KubernetesDriver(options);
    await driver.selfTest();
  });
  afterEach(async () => {
    cluster.refuse(/./, undefined);
    cluster.execFails(undefined);
    cluster.pulls(IMAGE, undefined);
    cluster.dropConnections();
    await driver.sweep(new Set());
    expect(cluster.pods).toEqual([]);
  });
  afterAll(async () => {
    await cluster.stop();
    rmSync(base, { recursive: true, force: true });
  });

  const open = (runId: string, by = driver, changes: Parameters<typeof testProfile>[0] = {}) =>
    by.open({ workspaceId: 'ws', runId, profile: testProfile({ isolation: 'kubernetes', image: IMAGE, ...changes }) });
  const sh = (where: Sandbox, script: string, more: Partial<ExecRequest> = {}) =>
    ran(where, { callId: `call-${(calls += 1)}`, argv: ['bash', '-c', script], timeoutMs: 20_000, ...more });
  const nameOfPod = () => cluster.pods[0]?.metadata?.name ?? '';

  it.each([
    [
      'may not be asked to start programs in pods',
      /GET .*\/exec/,
      { code: 403, message: 'User "runledger" cannot create resource "pods/exec"' },
      /does not allow to create pods\/exec \(User "runledger" cannot.*kubectl auth can-i create pods\/exec --namespace/,
    ],
    [
      'has no room in its quota',
      /POST .*\/pods/,
      { code: 403, message: 'pods "x" is forbidden: exceeded quota: team, requested: pods=1, used: pods=3' },
      /has no room for it \(.*exceeded quota.*kubectl describe resourcequota/,
    ],
    [
      'does not admit such pods',
      /POST .*\/pods/,
      { code: 403, message: 'pods "x" is forbidden: violates PodSecurity "restricted:latest"' },
      /does not admit it \(.*violates PodSecurity.*kubectl get limitrange/,
    ],
    ['does not know who asks', /GET .*\/pods\//, { code: 401, message: 'Unauthorized' }, /does not know who asks/],
    [
      'is behind something that knows no WebSockets',
      /GET .*\/exec/,
      { code: 400 },
      /passes no WebSockets on \(HTTP 400\)/,
    ],
  ])('that %s blocks the step, and it says what to do', async (_what, matching, refusal, message) => {
    cluster.refuse(matching, refusal);
    const sandbox = await open(`run-refused-${calls}`);
    const failing = sh(sandbox, 'true');
    await expect(failing).rejects.toMatchObject({ code: 'SANDBOX_UNAVAILABLE' });
    await expect(failing).rejects.toThrow(message);
    cluster.refuse(matching, undefined);
    expect(await sh(sandbox, 'echo on')).toMatchObject({ stdout: 'on\n' });
  });

  it.each([
    [429, /POST .*\/pods/],
    [500, /GET .*\/pods\//],
    [503, /GET .*\/exec/],
  ])('that answers %i is asked again later', async (code, matching) => {
    cluster.refuse(matching, { code, message: 'not now' });
    const sandbox = await open(`run-${code}`);
    await expect(sh(sandbox, 'true')).rejects.toMatchObject({ code: 'ENGINE_SILENT' });
    cluster.refuse(matching, undefined);
    expect(await sh(sandbox, 'echo on')).toMatchObject({ stdout: 'on\n' });
  });

  it('that cannot start a program says so in words', async () => {
    const sandbox = await open('run-words');
    await sh(sandbox, 'true');
    cluster.execFails('OCI runtime exec failed: "env": executable file not found');
    const failing = sh(sandbox, 'true');
    await expect(failing).rejects.toMatchObject({ code: 'CALL_NOT_STARTED' });
    await expect(failing).rejects.toThrow(/the cluster says: OCI runtime exec failed/);
  });

  it('that does not get an image at once is waited for, and after a while told of by the first word of it', async () => {
    const waiting = { reason: 'ErrImagePull', message: 'dial tcp: i/o timeout' };
    cluster.pulls(IMAGE, waiting);
    const sandbox = await open('run-pull');
    const first = sh(sandbox, 'echo on');
    await eventually(() => cluster.pods.length === 1);
    cluster.pulls(IMAGE, undefined);
    expect(await first).toMatchObject({ stdout: 'on\n' });
    cluster.pulls(IMAGE, waiting);
    const other = sh(await open('run-no-pull'), 'echo on');
    await eventually(() => cluster.pods.length === 2);
    cluster.pulls(IMAGE, { reason: 'ImagePullBackOff', message: 'Back-off pulling image' });
    await expect(other).rejects.toMatchObject({ code: 'IMAGE_UNUSABLE' });
    await expect(other).rejects.toThrow(/i\/o timeout|Back-off/);
    expect(cluster.pods).toHaveLength(1);
  });

  it('that evicts a pod before it held anything makes another one, and after that tells of it', async () => {
    const sandbox = await open('run-evicted');
    await sh(sandbox, 'echo work > file');
    await cluster.evict(nameOfPod());
    await expect(sh(sandbox, 'true')).rejects.toMatchObject({ code: 'CALL_NOT_STARTED' });
    expect(await sh(sandbox, 'ls; echo work > file')).toMatchObject({ stdout: '' });
    await sandbox.markReady();
    await cluster.evict(nameOfPod(), 'DeadlineExceeded');
    await expect(sh(sandbox, 'true')).rejects.toMatchObject({ code: 'CALL_NOT_STARTED' });
    await expect(sh(sandbox, 'true')).rejects.toThrow(/DeadlineExceeded/);
    await expect(sh(sandbox, 'true')).rejects.toMatchObject({ code: 'SANDBOX_LOST' });
  });

  it('in which another pod has the name of one that held files is not taken for the same', async () => {
    const sandbox = await open('run-other');
    await sh(sandbox, 'echo work > file');
    await sandbox.markReady();
    await cluster.delete(nameOfPod());
    const other = new KubernetesDriver({ ...options, homeDir: join(base, 'other') });
    await sh(await open('run-other', other), 'true');
    await expect(sh(sandbox, 'cat file')).resolves.toMatchObject({ exitCode: 1 }); // whoever holds a pod looks at nothing
    const next = await open('run-other', new KubernetesDriver(options));
    await expect(sh(next, 'cat file')).rejects.toThrow(/another was made under its name/);
    await other.sweep(new Set());
  });

  it('that has a pod that nobody has proven yet has it proven by whoever finds it', async () => {
    cluster.refuse(/GET .*\/exec/, { code: 503, message: 'not now' });
    await expect(sh(await open('run-unproven'), 'true')).rejects.toMatchObject({ code: 'ENGINE_SILENT' });
    expect(cluster.pods).toHaveLength(1);
    cluster.refuse(/./, undefined);
    cluster.asked.splice(0);
    await sh(await open('run-unproven', new KubernetesDriver(options)), 'true');
    expect(cluster.asked.filter(asked => asked.includes('/exec?'))).toHaveLength(2); // the probe, and the call
  });

  it.each([
    ['drops its connections', () => cluster.dropConnections()],
    ['says nothing any more', () => cluster.fallSilent()],
  ])('that %s cuts a call off, which is made again from its beginning', async (_what, trouble) => {
    // Here alone a connection is given up soon: a machine that is busy with other specs may be silent for as long.
    const impatient = new KubernetesDriver({ ...options, rhythm: { beatMs: 200, deafBeats: 6 } });
    const sandbox = await open(`run-cut-${calls}`, impatient);
    const call = { callId: `cut-${calls}`, timeoutMs: 15_000, onOutput: () => trouble() };
    const script = 'echo x >> count; echo on; [ "$(grep -c x count)" = 2 ] || sleep 60';
    await expect(sh(sandbox, script, call)).rejects.toMatchObject({ code: 'CALL_CUT_OFF' });
    cluster.dropConnections();
    const again = await sh(sandbox, script, { ...call, onOutput: () => undefined });
    expect(again).toMatchObject({ why: 'exit', exitCode: 0, stdout: 'on\n', replayed: false });
  });

  describe('and the way out of its pods', () => {
    const server = createServer((_request, response) => response.end('from outside'));
    let port: number;
    beforeAll(async () => {
      await once(server.listen(0, '127.0.0.1'), 'listening');
      port = (server.address() as AddressInfo).port;
    });
    afterAll(() => server.close());
    const get = (at: string, asked: string) =>
      `exec 3<>/dev/tcp/127.0.0.1/${at}; printf 'GET ${asked} HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3`;
    const relays = 'cat /proc/[0-9]*/cmdline | tr "\\0" "\\n" | grep -c "lis[t]en(Number"; true';

    it('is found at the same address when the stream to it has broken off, and leaves nothing when it is closed', async () => {
      const sandbox = await open('run-way');
      const relay = await sandbox.relay({ baseUrl: `http://127.0.0.1:${port}`, headers: {} });
      const url = new URL(relay.url);
      const fetched = async () => (await sh(sandbox, get(url.port, `${url.pathname}/`))).stdout;
      expect(await fetched()).toContain('from outside');
      expect((await sh(sandbox, relays)).stdout).toBe('1\n');
      cluster.dropConnections();
      await eventually(async () => (await fetched()).includes('from outside'), 20_000);
      await relay.close();
      await eventually(async () => (await sh(sandbox, relays)).stdout === '0\n');
      const second = await sandbox.relay({ baseUrl: `http://127.0.0.1:${port}`, headers: {} });
      expect((await sh(sandbox, get(new URL(second.url).port, '/nowhere'))).stdout).not.toContain('from outside');
      await sandbox.leave();
      await eventually(async () => (await sh(await open('run-way'), relays)).stdout === '0\n');
    });

    it('leads to hosts that are listed, and to no other', async () => {
      const network = { mode: 'allowlist' as const, hosts: [`localhost:${port}`] };
      const sandbox = await open('run-hosts', driver, { network });
      const through = (host: string) => get('${http_proxy##*:}', `http://${host}/`);
      const told: unknown[] = [];
      const onEgress = (request: unknown): void => void told.push(request);
      expect((await sh(sandbox, through(`localhost:${port}`), { onEgress })).stdout).toContain('from outside');
      expect((await sh(sandbox, through(`127.0.0.1:${port}`), { onEgress })).stdout).toMatch(
        /403 Forbidden[\s\S]*is refused/,
      );
      expect(told).toMatchObject([{ host: 'localhost' }, { host: '127.0.0.1', refused: expect.any(String) as string }]);
    });
  });
});
