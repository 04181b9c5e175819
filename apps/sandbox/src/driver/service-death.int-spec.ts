import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileProject, eventually } from '@runledger/testing';
import { BubblewrapDriver } from './bubblewrap-driver.js';
import { controlGroupsNamed, living, markOf, ran, SandboxGround, testProfile } from './sandbox.fixture.js';

const MARK = markOf(4721);
const compiled = (path: string) => JSON.stringify(new URL(`../../dist/${path}`, import.meta.url).href);

/** Another service process that starts one call and then does what `onOutput` says. */
function startService(homeDir: string, call: { runId: string; script: string; onOutput: string }): ChildProcess {
  const program = `
    const { BubblewrapDriver } = await import(${compiled('driver/bubblewrap-driver.js')});
    const { ForkServer } = await import(${compiled('forking/fork-server.js')});
    const driver = new BubblewrapDriver({ homeDir: ${JSON.stringify(homeDir)}, forks: new ForkServer() });
    const profile = ${JSON.stringify(testProfile())};
    const sandbox = await driver.open({ workspaceId: 'ws_test', runId: ${JSON.stringify(call.runId)}, profile });
    await sandbox.exec({
      callId: 'the-call', argv: ['bash', '-c', ${JSON.stringify(call.script)}], timeoutMs: 60_000,
      onOutput: () => { ${call.onOutput} },
    });
    process.send('ended');
    setInterval(() => undefined, 1_000);`;
  return spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

async function kill9(service: ChildProcess): Promise<void> {
  service.kill('SIGKILL');
  if (service.exitCode === null && service.signalCode === null) await once(service, 'exit');
}

describe('when the service is killed with kill -9', () => {
  const ground = new SandboxGround();
  const again = {
    callId: 'the-call',
    argv: ['bash', '-c', 'echo second run'] as [string, ...string[]],
    timeoutMs: 20_000,
  };
  beforeAll(() => {
    compileProject('apps/sandbox');
  });
  afterAll(() => ground.giveBack());

  it('has not lost a call that ended while it was busy, and never runs it again', async () => {
    const script = 'head -c 100000 /dev/zero | tr "\\0" x; echo once >> count; echo last >&2; exit 4';
    // Blocks its event loop at the first output: it never learns that the call ended.
    const service = startService(ground.homeDir, { runId: 'run-busy', script, onOutput: 'for (;;);' });
    const workspace = join(ground.homeDir, 'run-busy', 'workspace');
    const [journal] = await journalsOf('run-busy');
    await eventually(() => existsSync(join(journal!, 'ended')));
    await kill9(service);

    const sandbox = await ground.open(testProfile(), 'run-busy');
    const result = await ran(sandbox, again);
    expect(result).toMatchObject({ why: 'exit', exitCode: 4, replayed: true, stderr: 'last\n' });
    expect(result.stdout).toBe('x'.repeat(100_000));
    expect(readFileSync(join(workspace, 'count'), 'utf8')).toBe('once\n');
    expect(await ran(sandbox, again)).toEqual(result);
  });

  it('takes everything inside with it, and the unfinished call runs again from the start', async () => {
    const script = `echo first run; setsid sleep ${MARK} & (setsid nohup sleep ${MARK} >/dev/null 2>&1 &); trap "" TERM; sleep ${MARK}`;
    const service = startService(ground.homeDir, { runId: 'run-killed', script, onOutput: 'process.send("output")' });
    await once(service, 'message');
    await eventually(() => living(`sleep\0${MARK}`).length === 3);
    await kill9(service);
    await eventually(() => living(MARK).length === 0);

    const sandbox = await ground.open(testProfile(), 'run-killed');
    expect(await ran(sandbox, again)).toMatchObject({ exitCode: 0, replayed: false, stdout: 'second run\n' });
  });

  it('has its leftovers killed by the next one, even if they would not die by themselves', async () => {
    const service = startService(ground.homeDir, {
      runId: 'run-stuck',
      script: `echo on; sleep ${MARK}`,
      onOutput: 'process.send("output")',
    });
    await once(service, 'message');
    const [journal] = await journalsOf('run-stuck');
    const supervisor = Number.parseInt(readFileSync(join(journal!, 'owner'), 'utf8'), 10);
    process.kill(supervisor, 'SIGSTOP'); // it cannot finish its last act
    await kill9(service);
    await new BubblewrapDriver({ homeDir: ground.homeDir, controlGroups: 'off' }).sweep(
      new Set(['run-busy', 'run-killed']),
    );
    expect(living(MARK)).toEqual([]);
    expect(existsSync(join(ground.homeDir, 'run-stuck'))).toBe(false);
  });

  it('finds again what was stopped for a reason, and the reason', async () => {
    const sandbox = await ground.open(testProfile(), 'run-stopped');
    const stopped = await ran(sandbox, { ...again, argv: ['sleep', '60'], timeoutMs: 300, graceMs: 100 });
    expect(stopped.why).toBe('timeout');
    const later = new BubblewrapDriver({ homeDir: ground.homeDir });
    const reopened = await later.open({ workspaceId: 'ws_test', runId: 'run-stopped', profile: testProfile() });
    expect(await ran(reopened, again)).toEqual({ ...stopped, replayed: true });
  });

  it('tells an open sandbox whose set-up was done from one whose set-up was not', async () => {
    const open = (runId: string) =>
      new BubblewrapDriver({ homeDir: ground.homeDir }).open({ workspaceId: 'ws_test', runId, profile: testProfile() });
    const first = await open('run-set-up');
    expect(first.fresh).toBe(true);
    expect((await open('run-set-up')).fresh).toBe(true);
    await first.markReady();
    expect((await open('run-set-up')).fresh).toBe(false);
  });

  it('sweeps away the sandboxes of runs that are over, and keeps the others', async () => {
    for (const runId of ['run-over', 'run-kept']) await ran(await ground.open(testProfile(), runId), again);
    await new BubblewrapDriver({ homeDir: ground.homeDir }).sweep(new Set(['run-kept', 'run-busy']));
    expect(
      readdirSync(ground.homeDir)
        .filter(name => !name.startsWith('.'))
        .sort(),
    ).toEqual(['run-busy', 'run-kept']);
  });

  async function journalsOf(runId: string): Promise<string[]> {
    const path = join(ground.homeDir, runId, 'journal');
    await eventually(() => existsSync(path) && readdirSync(path).length > 0);
    return readdirSync(path).map(name => join(path, name));
  }
});

describe('a released sandbox', () => {
  it('leaves no process, directory, control group or uid behind', async () => {
    const slotsDir = mkdtempSync(join(tmpdir(), 'runledger-slots-'));
    const ground = new SandboxGround({ slotsDir });
    const sandbox = await ground.open();
    const locked = 'mkdir -p a/b && touch a/b/c "$(printf "bad\\377name")" && chmod 000 a';
    await ground.sh(sandbox, locked);
    const running = ground.sh(sandbox, `setsid sleep ${MARK} & sleep ${MARK}`).catch((error: unknown) => error);
    await eventually(() => living(`sleep\0${MARK}`).length === 2);
    await sandbox.release();
    await sandbox.release();
    expect(await running).toMatchObject({ code: 'SANDBOX_RELEASED' });
    expect(living(MARK)).toEqual([]);
    expect(existsSync(join(ground.homeDir, sandbox.runId))).toBe(false);
    expect(readdirSync(slotsDir)).toEqual([]);
    expect(controlGroupsNamed(sandbox.runId)).toBe('');
    await expect(ground.sh(sandbox, 'true')).rejects.toMatchObject({ code: 'SANDBOX_RELEASED' });
    await ground.giveBack();
    rmSync(slotsDir, { recursive: true });
  });
});

describe('where the sandboxes lie', () => {
  it.each([0o700, 0o755])('works below a directory of mode %o, mounts of the profile included', async mode => {
    const base = mkdtempSync(join(tmpdir(), 'runledger-place-'));
    chmodSync(base, mode);
    mkdirSync(join(base, 'shared'), { mode: 0o755 });
    writeFileSync(join(base, 'shared', 'given'), 'given\n', { mode: 0o644 });
    const ground = new SandboxGround({ homeDir: join(base, 'home'), mountSources: [base] });
    const mounts = [{ source: join(base, 'shared'), target: '/data', mode: 'ro' as const }];
    const sandbox = await ground.open(testProfile({ mounts }));
    const result = await ground.sh(
      sandbox,
      'cat /data/given; touch /data/new 2>&1; echo mine > mine; ls /mnt; cat mine',
    );
    expect(result.stdout).toMatch(/^given\n.*Read-only file system\nmine\n$/s);
    expect(statSync(join(ground.homeDir, sandbox.runId)).mode & 0o007).toBe(0);
    const holders = living(`${base}/home/${sandbox.runId}/workspace`);
    expect(holders.length > 0).toBe(mode === 0o700 && process.getuid?.() === 0);
    holders.forEach(pid => process.kill(pid, 'SIGKILL'));
    await eventually(() => holders.every(pid => !living(`${base}/home/`).includes(pid)));
    expect((await ground.sh(sandbox, 'cat mine')).stdout).toBe('mine\n');
    await sandbox.release();
    expect(living(base)).toEqual([]);
    await ground.giveBack();
    expect(existsSync(base)).toBe(false);
  });

  it('mounts nothing that the operator did not allow, not even through a link', async () => {
    const ground = new SandboxGround();
    const mounts = [{ source: '/etc', target: '/data', mode: 'ro' as const }];
    await expect(ground.open(testProfile({ mounts }))).rejects.toMatchObject({ code: 'MOUNT_NOT_ALLOWED' });
    await ground.giveBack();
  });
});
