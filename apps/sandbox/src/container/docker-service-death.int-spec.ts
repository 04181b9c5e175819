import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileProject, eventually } from '@runledger/testing';
import type { ExecRequest } from '../driver/sandbox-driver.js';
import { ran, testProfile } from '../driver/sandbox.fixture.js';
import { DockerDriver } from './docker-driver.js';
import { DockerGround, noDocker, TEST_IMAGE } from './docker.fixture.js';

const reason = noDocker();
const described = reason === undefined ? describe : describe.skip;
const compiled = new URL('../../dist/container/docker-driver.js', import.meta.url).href;

described(`a call in a container${reason === undefined ? '' : ` (not tested here: ${reason})`}`, () => {
  const base = mkdtempSync(join(tmpdir(), 'runledger-docker-'));
  const homeDir = join(base, 'home');
  const profile = testProfile({ isolation: 'docker', image: TEST_IMAGE });
  let ground: DockerGround;
  const options = () => ({ homeDir, socketPath: ground.socketPath, pull: 'never' as const });
  const open = (runId: string) => new DockerDriver(options()).open({ workspaceId: 'ws', runId, profile });
  const call = (script: string): ExecRequest => ({
    callId: 'the-call',
    argv: ['bash', '-c', script],
    timeoutMs: 30_000,
  });

  beforeAll(async () => {
    compileProject('apps/sandbox');
    ground = await DockerGround.start();
  });
  afterAll(async () => {
    await new DockerDriver(options()).sweep(new Set());
    await ground.stop();
    rmSync(base, { recursive: true, force: true });
  });

  it('that ended while its service was busy is known whole to the next one, and is not run again', async () => {
    let proceed: () => void = () => undefined;
    const held = new Promise<void>(resolve => (proceed = resolve));
    const script =
      'echo first; sleep 0.3; head -c 100000 /dev/zero | tr "\\0" x; echo once >> count; echo e >&2; exit 4';
    const busy = (await open('run-busy')).exec({ ...call(script), onOutput: () => held });
    const calls = join(homeDir, 'run-busy', 'calls');
    await eventually(() => existsSync(calls) && readdirSync(calls).some(name => name.endsWith('.end')));
    const found = await ran(await open('run-busy'), call('echo second run'));
    proceed();
    await busy;
    expect(found).toMatchObject({ why: 'exit', exitCode: 4, replayed: true, stderr: 'e\n' });
    expect(found.stdout).toBe(`first\n${'x'.repeat(100_000)}`);
    expect(readFileSync(join(homeDir, 'run-busy', 'workspace', 'count'), 'utf8')).toBe('once\n');
  });

  it('dies with a service that is killed, and runs again from the start in the container that is still there', async () => {
    const script =
      'echo on; (setsid nohup bash -c "while :; do echo x >> beat; sleep 0.05; done" >/dev/null 2>&1 &); sleep 60';
    const program = `
      const { DockerDriver } = await import(${JSON.stringify(compiled)});
      const driver = new DockerDriver(${JSON.stringify(options())});
      const sandbox = await driver.open({ workspaceId: 'ws', runId: 'run-killed', profile: ${JSON.stringify(profile)} });
      await sandbox.exec({ ...${JSON.stringify(call(script))}, onOutput: () => process.send('output') });`;
    const service = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const beat = join(homeDir, 'run-killed', 'workspace', 'beat');
    await once(service, 'message');
    await eventually(() => existsSync(beat));
    const [before] = await ground.client.listContainers({ filters: { label: ['runledger.run=run-killed'] } });
    const gone = once(service, 'exit');
    service.kill('SIGKILL');
    await gone;
    let size = -1;
    await eventually(() => {
      const last = size;
      size = statSync(beat).size;
      execFileSync('sleep', ['0.2']);
      return last === size;
    });
    const again = await ran(await open('run-killed'), call('echo second run'));
    expect(again).toMatchObject({ exitCode: 0, replayed: false, stdout: 'second run\n' });
    const [after] = await ground.client.listContainers({ filters: { label: ['runledger.run=run-killed'] } });
    expect(after?.Id).toBe(before?.Id);
  });
});
