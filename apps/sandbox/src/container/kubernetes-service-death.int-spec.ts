import { compileProject, eventually } from '@runledger/testing';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecRequest } from '../driver/sandbox-driver.js';
import { ran, testProfile } from '../driver/sandbox.fixture.js';
import { KubernetesDriver } from './kubernetes-driver.js';
import { IMAGE } from './kubernetes-pods.fixture.js';
import { FakeCluster, NAMESPACE } from './kubernetes.fixture.js';

const canRun = process.getuid?.() === 0 && existsSync('/usr/bin/bwrap');
const described = canRun ? describe : describe.skip;
const compiled = new URL('../../dist/container/kubernetes-driver.js', import.meta.url).href;
const RUN = 'run-killed';

described(`the pod of a service that is killed${canRun ? '' : ' (needs root and bwrap)'}`, () => {
  const base = mkdtempSync(join(tmpdir(), 'runledger-kubernetes-'));
  const cluster = new FakeCluster();
  const server = createServer((_request, response) => response.end('from outside'));
  const profile = testProfile({ isolation: 'kubernetes', image: IMAGE });
  const call = (callId: string, script: string): ExecRequest => ({
    callId,
    argv: ['bash', '-c', script],
    timeoutMs: 30_000,
  });
  let options: ConstructorParameters<typeof KubernetesDriver>[0];

  beforeAll(async () => {
    compileProject('apps/sandbox');
    const kubeconfig = await cluster.start();
    options = { homeDir: join(base, 'home'), namespace: NAMESPACE, kubeconfig, deadlineSeconds: 600 };
    await once(server.listen(0, '127.0.0.1'), 'listening');
  }, 120_000);
  afterAll(async () => {
    server.close();
    await new KubernetesDriver(options).sweep(new Set());
    await cluster.stop();
    rmSync(base, { recursive: true, force: true });
  }, 60_000);

  it('keeps its files, and nothing of the call and of the way out; whoever comes next goes on in it', async () => {
    const target = { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, headers: {} };
    const script = 'echo kept > file; echo on; while :; do echo x >> beat; sleep 0.05; done';
    const program = `
      const { KubernetesDriver } = await import(${JSON.stringify(compiled)});
      const driver = new KubernetesDriver(${JSON.stringify(options)});
      const sandbox = await driver.open({ workspaceId: 'ws', runId: '${RUN}', profile: ${JSON.stringify(profile)} });
      await sandbox.markReady();
      await sandbox.relay(${JSON.stringify(target)});
      await sandbox.exec({ ...${JSON.stringify(call('the-call', script))}, onOutput: () => process.send('output') });`;
    const service = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    await once(service, 'message');
    const beat = join(cluster.volume(RUN, 'workspace') ?? '', 'beat');
    await eventually(() => existsSync(beat));
    const gone = once(service, 'exit');
    service.kill('SIGKILL');
    await gone;

    const next = await new KubernetesDriver(options).open({ workspaceId: 'ws', runId: RUN, profile });
    const running = 'cat /proc/[0-9]*/cmdline | tr "\\0" "\\n" | grep -cE "lis[t]en\\(Number|>> [b]eat"; true';
    let looks = 0;
    await eventually(async () => {
      const { stdout } = await ran(next, call(`look-${(looks += 1)}`, running));
      return stdout === '0\n';
    }, 20_000);
    const size = readFileSync(beat).length;
    expect(await ran(next, call('the-call', 'cat file; echo again'))).toMatchObject({
      ...{ exitCode: 0, replayed: false, stdout: 'kept\nagain\n' },
    });
    expect(readFileSync(beat)).toHaveLength(size);
    const { port, pathname } = new URL((await next.relay(target)).url);
    const get = `exec 3<>/dev/tcp/127.0.0.1/${port}; printf 'GET ${pathname}/ HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3`;
    expect((await ran(next, call('get', get))).stdout).toContain('from outside');
    expect(cluster.pods).toHaveLength(1);
  }, 60_000);
});
