import type { V1NetworkPolicy } from '@kubernetes/client-node';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeSandboxDriver } from '../driver/driver-contract.fixture.js';
import type { ExecRequest, Sandbox } from '../driver/sandbox-driver.js';
import { ran, testProfile } from '../driver/sandbox.fixture.js';
import { KubernetesDriver } from './kubernetes-driver.js';
import { FakeCluster, NAMESPACE } from './kubernetes.fixture.js';

const canRun = process.getuid?.() === 0 && existsSync('/usr/bin/bwrap');

if (!canRun) {
  it.skip('the kubernetes driver is not tested here: its pods need root and bubblewrap', () => undefined);
} else {
  describeSandboxDriver('kubernetes', async () => {
    const cluster = new FakeCluster();
    const kubeconfig = await cluster.start();
    const base = mkdtempSync(join(tmpdir(), 'runledger-kubernetes-'));
    const again = () =>
      new KubernetesDriver({ homeDir: join(base, 'home'), namespace: NAMESPACE, kubeconfig, deadlineSeconds: 600 });
    const end = async (): Promise<void> => {
      await cluster.stop();
      rmSync(base, { recursive: true, force: true });
    };
    const profile = { isolation: 'kubernetes' as const, image: 'tools:1' };
    // A cluster holds memory and disk; what stands in for it here does not.
    return { driver: again(), profile, again, end, untested: ['memory', 'workspaceBytes'] };
  });

  describe('the kubernetes driver', () => {
    const base = mkdtempSync(join(tmpdir(), 'runledger-kubernetes-'));
    const cluster = new FakeCluster({ protocols: ['v4.channel.k8s.io'] });
    let kubeconfig: string;
    let driver: KubernetesDriver;
    let calls = 0;
    const driverOf = (config = kubeconfig) =>
      new KubernetesDriver({
        homeDir: join(base, 'home'),
        namespace: NAMESPACE,
        kubeconfig: config,
        deadlineSeconds: 600,
      });
    const open = (runId: string, changes: Parameters<typeof testProfile>[0] = {}) =>
      driver.open({
        workspaceId: 'ws',
        runId,
        profile: testProfile({ isolation: 'kubernetes', image: 'tools:1', ...changes }),
      });
    const sh = (where: Sandbox, script: string, more: Partial<ExecRequest> = {}) =>
      ran(where, { callId: `call-${(calls += 1)}`, argv: ['bash', '-c', script], timeoutMs: 20_000, ...more });
    beforeAll(async () => {
      kubeconfig = await cluster.start();
      driver = driverOf();
      await driver.selfTest();
    });
    afterAll(async () => {
      await driver.sweep(new Set());
      await cluster.stop();
      rmSync(base, { recursive: true, force: true });
    });

    it('asks for a pod without rights, a token or a network, with the limits of the profile and an end of its own', async () => {
      const sandbox = await open('run-manifest');
      expect((await sh(sandbox, 'echo up')).stdout).toBe('up\n');
      const [pod] = cluster.pods;
      expect(pod?.spec).toMatchObject({
        activeDeadlineSeconds: 600,
        automountServiceAccountToken: false,
        restartPolicy: 'Never',
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      });
      const [container] = pod?.spec?.containers ?? [];
      expect(container?.resources?.limits).toMatchObject({ memory: '536870912', cpu: '1000m' });
      expect(container?.securityContext).toMatchObject({
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      const [policy] = cluster.policies;
      expect(policy?.spec).toMatchObject({ policyTypes: ['Ingress', 'Egress'] });
      expect(pod?.metadata?.labels).toMatchObject(policy?.spec?.podSelector?.matchLabels ?? { nothing: true });
      await sandbox.release();
      expect(cluster.pods).toEqual([]);
    });

    it.each<[string, Partial<NonNullable<V1NetworkPolicy['spec']>>, string]>([
      ['lets everything out', { egress: [{}] }, 'it lets something out'],
      ['is silent about what goes out', { policyTypes: ['Ingress'] }, 'it lets something out'],
      [
        'opens a port',
        { ingress: [{ ports: [{ port: 22 }] }], policyTypes: ['Ingress'] },
        'it lets something in and out',
      ],
      ['holds others', { podSelector: { matchLabels: { app: 'web' } } }, 'it does not hold all pods'],
      [
        'makes an exception',
        { podSelector: { matchExpressions: [{ key: 'app', operator: 'Exists' }] } },
        'it does not hold all pods',
      ],
    ])(
      'opens no sandbox where a network policy of that name %s, and says how to have its own (S1)',
      async (_how, more, why) => {
        const [policy] = cluster.policies;
        const made = structuredClone(policy?.spec);
        Object.assign(policy?.spec ?? {}, more);
        const refused = driver.selfTest();
        await expect(refused).rejects.toMatchObject({ code: 'SANDBOX_UNAVAILABLE' });
        await expect(refused).rejects.toThrow(why);
        await expect(refused).rejects.toThrow('kubectl delete networkpolicy runledger-sandboxes --namespace sandboxes');
        delete policy?.spec?.ingress;
        delete policy?.spec?.egress;
        Object.assign(policy?.spec ?? {}, made);
        await driver.selfTest();
      },
    );

    it('gives the platform no way to the files, and tells a look into them to go inside', async () => {
      const sandbox = await open('run-files');
      expect(sandbox.files).toBeUndefined();
      expect(await sandbox.mayHold('/workspace/nothing')).toBe(true);
      await sandbox.release();
    });

    it('tells that files are lost with a pod that was evicted, instead of going on with none', async () => {
      const sandbox = await open('run-evicted');
      await sh(sandbox, 'echo work > file');
      await sandbox.markReady();
      await cluster.evict(cluster.pods[0]?.metadata?.name ?? '');
      await expect(sh(sandbox, 'cat file')).rejects.toMatchObject({ code: 'CALL_NOT_STARTED' });
      await expect(sh(sandbox, 'cat file')).rejects.toMatchObject({ code: 'SANDBOX_LOST' });
      await sandbox.release();
    });

    it('says which image is not to be had, and leaves no pod of it', async () => {
      const sandbox = await open('run-image', { image: 'example/none:1' });
      await expect(sh(sandbox, 'true')).rejects.toMatchObject({ code: 'IMAGE_UNUSABLE' });
      expect(cluster.pods).toEqual([]);
      await sandbox.release();
    });

    it('removes the pods of a process that was killed, once nobody wants their runs', async () => {
      for (const runId of ['run-kept', 'run-left']) await sh(await open(runId), 'true');
      await driverOf().sweep(new Set(['run-kept']));
      expect(cluster.pods.map(({ metadata }) => metadata?.annotations)).toEqual([{ 'runledger.dev/run': 'run-kept' }]);
    });

    it('is not used with rights that do not suffice, or where a profile mounts something', async () => {
      const other = join(base, 'other-kubeconfig');
      writeFileSync(other, readFileSync(kubeconfig, 'utf8').replace('token-of', 'no-token-of'));
      await expect(driverOf(other).selfTest()).rejects.toMatchObject({ code: 'SANDBOX_UNAVAILABLE' });
      const mounts = [{ source: '/srv', target: '/mnt', mode: 'ro' as const }];
      await expect(open('run-mount', { mounts })).rejects.toMatchObject({ code: 'MOUNT_NOT_ALLOWED' });
    });
  });
}
