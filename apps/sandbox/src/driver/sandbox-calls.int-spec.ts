import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@runledger/testing';
import { living, markOf, SandboxGround, testProfile } from './sandbox.fixture.js';

const MARK = markOf(4712);

describe('a call in a sandbox', () => {
  const ground = new SandboxGround();
  afterAll(() => ground.giveBack());

  it('is stopped when its time is over, and what it started in other sessions dies with it', async () => {
    const sandbox = await ground.open();
    const script = `
      setsid sleep ${MARK} & (setsid nohup sleep ${MARK} >/dev/null 2>&1 &) ; bash -c 'trap "" TERM; setsid sleep ${MARK} & sleep ${MARK}' &
      echo started; sleep ${MARK}`;
    const result = await ground.sh(sandbox, script, { timeoutMs: 2_000, graceMs: 300 });
    expect(result).toMatchObject({ why: 'timeout', stdout: 'started\n' });
    expect(living(MARK)).toEqual([]);
  });

  it('is asked to end before it is killed, and may clean up in between', async () => {
    const sandbox = await ground.open();
    const polite = `trap 'echo cleaning; exit 7' TERM; echo ready; while :; do sleep 0.05; done`;
    const result = await ground.sh(sandbox, polite, { timeoutMs: 2_000, graceMs: 60_000 });
    expect(result).toMatchObject({ why: 'timeout', exitCode: 7, stdout: 'ready\ncleaning\n' });
    expect(result.durationMs).toBeLessThan(30_000);
    const stubborn = await ground.sh(sandbox, `trap '' TERM; while :; do sleep 0.05; done`, {
      timeoutMs: 2_000,
      graceMs: 200,
    });
    expect(stubborn).toMatchObject({ why: 'timeout', exitCode: 137 });
  });

  it('ends at once when it is cancelled by force, gracefully otherwise', async () => {
    const sandbox = await ground.open();
    const script = `trap 'echo bye; exit 0' TERM; echo ready; setsid sleep ${MARK} & while :; do sleep 0.05; done`;
    const cancelWhenReady = async (reason: string) => {
      const abort = new AbortController();
      return ground.sh(sandbox, script, { signal: abort.signal, onOutput: () => abort.abort(reason) });
    };
    expect(await cancelWhenReady('force')).toMatchObject({ why: 'cancelled', exitCode: 137, stdout: 'ready\n' });
    expect(await cancelWhenReady('asked')).toMatchObject({ why: 'cancelled', exitCode: 0, stdout: 'ready\nbye\n' });
    expect(living(MARK)).toEqual([]);
  });

  it('is not run at all when it was cancelled before', async () => {
    const sandbox = await ground.open();
    const result = await ground.sh(sandbox, 'echo never', { signal: AbortSignal.abort('asked') });
    expect(result).toMatchObject({ why: 'cancelled', stdout: '' });
  });

  it('leaves no process when its main program ends', async () => {
    const sandbox = await ground.open();
    const result = await ground.sh(sandbox, `setsid sleep ${MARK} & (nohup setsid sleep ${MARK} &) ; echo done`);
    expect(result).toMatchObject({ why: 'exit', exitCode: 0, stdout: 'done\n' });
    expect(result.durationMs).toBeLessThan(15_000);
    expect(living(MARK)).toEqual([]);
  });

  it('leaves no zombie, however many calls there are', async () => {
    const sandbox = await ground.open(testProfile({ limits: { pids: 16 } }));
    for (let call = 0; call < 12; call += 1) expect((await ground.sh(sandbox, 'sleep 0 & true')).exitCode).toBe(0);
    const { uid } = statSync(`${ground.homeDir}/${sandbox.runId}/workspace`);
    const zombies = () =>
      execFileSync('ps', ['-eo', 'uid,stat'])
        .toString()
        .split('\n')
        .filter(line => new RegExp(`^ *${uid} +Z`).test(line));
    await eventually(() => expect(zombies()).toEqual([])); // whoever has just ended is one for a moment
  });

  it('keeps what the last calls printed, for a while, and not that of all there ever were', async () => {
    const sandbox = await ground.open();
    const calls = Array.from({ length: 40 }, (_, n) => `kept-${n}`);
    for (const callId of calls) await ground.sh(sandbox, 'echo printed', { callId });
    const journal = join(ground.homeDir, sandbox.runId, 'journal');
    expect(readdirSync(journal)).toHaveLength(32);
    expect(await ground.sh(sandbox, 'echo again', { callId: 'kept-39' })).toMatchObject({
      stdout: 'printed\n',
      replayed: true,
    });
    // Calls that leave nothing behind push none of these out.
    for (const callId of calls.slice(0, 4)) await ground.sh(sandbox, 'true', { callId: `of-${callId}`, forget: true });
    expect(readdirSync(journal)).toHaveLength(32);
  });

  it('waits for a slow reader and loses nothing', async () => {
    const sandbox = await ground.open();
    let most = 0;
    let open = 0;
    let bytes = 0;
    const result = await sandbox.exec({
      callId: 'slow-reader',
      argv: ['bash', '-c', 'head -c 1000000 /dev/urandom'],
      timeoutMs: 20_000,
      onOutput: async (_channel, chunk) => {
        most = Math.max(most, (open += 1));
        await sleep(10);
        bytes += chunk.length;
        open -= 1;
      },
    });
    expect(result.why).toBe('exit');
    expect({ most, bytes }).toEqual({ most: 1, bytes: 1_000_000 });
  });

  it('hands over output while the call still runs', async () => {
    const sandbox = await ground.open();
    const abort = new AbortController();
    const began = performance.now();
    await ground.sh(sandbox, 'echo early; sleep 20', { signal: abort.signal, onOutput: () => abort.abort('force') });
    expect(performance.now() - began).toBeLessThan(15_000);
  });

  it('can be frozen, goes on when thawed, and can be stopped while frozen', async () => {
    const sandbox = await ground.open();
    let told = '';
    const call = ground.sh(sandbox, 'for i in $(seq 100); do echo tick; sleep 0.02; done', {
      onOutput: (_channel, chunk) => void (told += chunk.toString()),
    });
    while (told === '') await sleep(5);
    sandbox.freeze();
    let seen: string;
    do {
      seen = told; // what was on its way may still come
      await sleep(300);
    } while (told !== seen);
    expect(told.length).toBeLessThan('tick\n'.repeat(100).length);
    sandbox.thaw();
    expect((await call).stdout).toBe('tick\n'.repeat(100));
    const stopped = ground.sh(sandbox, 'echo on; sleep 30', {
      timeoutMs: 500,
      graceMs: 100,
      onOutput: () => sandbox.freeze(),
    });
    expect((await stopped).why).toBe('timeout');
  });
});
