import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { driverFor } from './driver-choice.js';
import { ProcessDriver } from './process-driver.js';
import { IsolationNotAllowedError, SandboxUnavailableError } from './sandbox-faults.js';
import { living, markOf, ran, testProfile } from './sandbox.fixture.js';
const MARK = markOf(4731);

describe('a call without isolation', () => {
  const base = mkdtempSync(join(tmpdir(), 'runledger-process-'));
  const driver = new ProcessDriver({ homeDir: join(base, 'home'), allowed: true });
  const profile = testProfile({ isolation: 'none', env: { GIVEN: 'yes' } });
  const open = () => driver.open({ workspaceId: 'ws_test', runId: 'run-plain', profile });
  const bash = (script: string) => ({ callId: script, argv: ['bash', '-c', script] as const, timeoutMs: 20_000 });
  afterAll(async () => {
    await driver.sweep(new Set());
    rmSync(base, { recursive: true });
  });

  it('passes its own test', async () => {
    await driver.selfTest();
  });

  it('runs in its workspace with only the environment it was given, and is played back', async () => {
    process.env.RUNLEDGER_SECRET_CANARY = 'canary';
    const sandbox = await open();
    const result = await ran(
      sandbox,
      bash('pwd; echo $GIVEN $RUNLEDGER_SECRET_CANARY; echo e >&2; node -p 6*7; exit 5'),
    );
    delete process.env.RUNLEDGER_SECRET_CANARY;
    expect(result).toMatchObject({
      why: 'exit',
      exitCode: 5,
      stdout: `${sandbox.workspacePath}\nyes\n42\n`,
      stderr: 'e\n',
    });
    const again = await ran(
      sandbox,
      bash('pwd; echo $GIVEN $RUNLEDGER_SECRET_CANARY; echo e >&2; node -p 6*7; exit 5'),
    );
    expect(again).toEqual({ ...result, replayed: true });
  });

  it('is killed whole when its time is over, setsid escapees included', async () => {
    const script = `trap 'echo bye; exit 9' TERM; setsid sleep ${MARK} & (setsid nohup sleep ${MARK} >/dev/null 2>&1 &)
      bash -c 'trap "" TERM; setsid sleep ${MARK}' & while :; do sleep 0.05; done`;
    const result = await ran(await open(), { ...bash(script), timeoutMs: 1_500, graceMs: 5_000 });
    expect(result).toMatchObject({ why: 'timeout', exitCode: 9, stdout: 'bye\n' });
    expect(living(MARK)).toEqual([]);
  });

  it('is killed whole when the sandbox is released', async () => {
    const sandbox = await open();
    const running = ran(sandbox, {
      ...bash(`echo on; setsid sleep ${MARK} & sleep ${MARK}`),
      onOutput: () => void sandbox.release(),
    });
    await expect(running).rejects.toMatchObject({ code: 'SANDBOX_RELEASED' });
    expect(living(MARK)).toEqual([]);
  });

  it('is refused to a profile that asks for isolation, and where the operator did not allow it', async () => {
    const refused = { code: 'ISOLATION_NOT_ALLOWED' };
    await expect(driver.open({ workspaceId: 'ws', runId: 'run-x', profile: testProfile() })).rejects.toMatchObject(
      refused,
    );
    expect(() => new ProcessDriver({ homeDir: base, allowed: false })).toThrow(IsolationNotAllowedError);
  });

  it('is never chosen in place of isolation, nor isolation in place of it', () => {
    expect(driverFor(profile, { process: driver })).toBe(driver);
    expect(() => driverFor(profile, {})).toThrow(IsolationNotAllowedError);
    expect(() => driverFor(testProfile(), { process: driver })).toThrow(SandboxUnavailableError);
  });
});
