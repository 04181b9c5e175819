import type { ProfileDefinition } from '@runledger/contracts';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { ran, testProfile, type Ran } from './sandbox.fixture.js';
import type { DriverCapabilities, ExecRequest, Sandbox, SandboxDriver } from './sandbox-driver.js';

const MIB = 1_048_576;

/** One driver on this machine, and how to get another one over the same place, as after a restart. */
export interface DriverWorld {
  readonly driver: SandboxDriver;
  readonly profile: Partial<Pick<ProfileDefinition, 'isolation' | 'image'>>;
  again(): SandboxDriver;
  /** Limits that what stands in for the real thing here does not hold. */
  readonly untested?: readonly (keyof DriverCapabilities)[];
  /** Ends what the contract left. */
  end(): Promise<void>;
}

/** What every driver keeps, its limits as far as its `capabilities()` say. */
export function describeSandboxDriver(name: string, start: () => Promise<DriverWorld>): void {
  describe(`a sandbox of the ${name} driver`, () => {
    let world: DriverWorld;
    let sandbox: Sandbox;
    let runs = 0;
    let calls = 0;
    const open = (
      changes: Parameters<typeof testProfile>[0] = {},
      runId = `run-${name}-${process.pid}-${(runs += 1)}`,
    ) => world.driver.open({ workspaceId: 'ws', runId, profile: testProfile({ ...world.profile, ...changes }) });
    const sh = (where: Sandbox, script: string, more: Partial<ExecRequest> = {}): Promise<Ran> =>
      ran(where, { callId: `call-${(calls += 1)}`, argv: ['bash', '-c', script], timeoutMs: 20_000, ...more });
    /** Whether something still writes there. */
    const beats = async (where: Sandbox, file: string): Promise<boolean> => {
      const { stdout } = await sh(where, `touch ${file}; stat -c %s ${file}; sleep 0.3; stat -c %s ${file}`);
      const [before, after] = stdout.trim().split('\n');
      return before !== after;
    };
    const held = (): DriverCapabilities => ({
      ...world.driver.capabilities(),
      ...Object.fromEntries((world.untested ?? []).map(limit => [limit, 'absent'])),
    });
    const heart = (file: string) => `while :; do echo x >> ${file}; sleep 0.05; done`;

    beforeAll(async () => {
      world = await start();
      await world.driver.selfTest();
      sandbox = await open();
    });
    afterAll(async () => {
      await world.driver.sweep(new Set());
      await world.end();
    });

    it('runs a program and tells what it printed and how it ended', async () => {
      expect(sandbox.fresh).toBe(true);
      const result = await sh(sandbox, 'echo out; echo err >&2; pwd; exit 3');
      const stdout = `out\n${sandbox.workspacePath}\n`;
      expect(result).toMatchObject({ why: 'exit', exitCode: 3, replayed: false, stdout, stderr: 'err\n' });
    });

    it('gives it standard input, environment and directory, and nothing of the service', async () => {
      process.env.RUNLEDGER_SECRET_CANARY = 'canary';
      const result = await sh(sandbox, 'mkdir -p deep; read line; echo "$line $WHO $RUNLEDGER_SECRET_CANARY"; cat', {
        stdin: Buffer.from('hello\nrest'),
        env: { WHO: 'you' },
      });
      delete process.env.RUNLEDGER_SECRET_CANARY;
      expect(result.stdout).toBe('hello you \nrest');
      const inside = await sh(sandbox, 'pwd', { cwd: '/workspace/deep' });
      expect(inside.stdout).toBe(`${sandbox.workspacePath}/deep\n`);
    });

    it('hands over output while the call runs, and input as it comes', async () => {
      const input = new PassThrough();
      const heard: string[] = [];
      input.write('one\n');
      const result = await sh(sandbox, 'while read -r word; do echo "heard $word"; done; echo over', {
        input,
        onOutput: (_channel, chunk) => {
          heard.push(chunk.toString());
          if (chunk.toString() === 'heard one\n') input.end('two\n');
        },
      });
      expect(heard[0]).toBe('heard one\n');
      expect(result.stdout).toBe('heard one\nheard two\nover\n');
    });

    it('keeps workspace and home from call to call, also for the next process that opens it', async () => {
      await sh(sandbox, 'echo kept > file; echo own > ~/own');
      await sandbox.markReady();
      const again = await world.again().open({
        workspaceId: 'ws',
        runId: sandbox.runId,
        profile: testProfile({ ...world.profile }),
      });
      expect(again.fresh).toBe(false);
      expect((await sh(again, 'cat file ~/own')).stdout).toBe('kept\nown\n');
    });

    it('tells a program that is not there, and one that died of a signal', async () => {
      expect(await sh(sandbox, '', { argv: ['no-such-program'] })).toMatchObject({ why: 'exit', exitCode: 127 });
      expect((await sh(sandbox, 'kill -SEGV $$')).exitCode).toBe(139);
    });

    it('never runs a call twice: what ended is played back, whoever asks', async () => {
      const once = {
        callId: 'once',
        argv: ['bash', '-c', 'echo ran; echo x >> count; exit 4'] as const,
        timeoutMs: 20_000,
      };
      const first = await ran(sandbox, once);
      expect(first).toMatchObject({ exitCode: 4, stdout: 'ran\n', replayed: false });
      const runId = sandbox.runId;
      const again = await world.again().open({ workspaceId: 'ws', runId, profile: testProfile({ ...world.profile }) });
      expect(await ran(again, once)).toEqual({ ...first, replayed: true });
      expect((await sh(sandbox, 'cat count')).stdout).toBe('x\n');
    });

    it('asks a call to end when its time is over, then kills it, and what it started elsewhere', async () => {
      const polite = await sh(sandbox, `trap 'echo cleaning; exit 7' TERM; echo ready; while :; do sleep 0.05; done`, {
        timeoutMs: 2_000, // it must have set its trap by then, also on a machine that is busy
        graceMs: 30_000,
      });
      expect(polite).toMatchObject({ why: 'timeout', exitCode: 7, stdout: 'ready\ncleaning\n' });
      const script = `(setsid nohup bash -c '${heart('late')}' >/dev/null 2>&1 &); trap '' TERM; ${heart('late')}`;
      const stubborn = await sh(sandbox, script, { timeoutMs: 2_000, graceMs: 200 });
      expect(stubborn).toMatchObject({ why: 'timeout', exitCode: 137 });
      expect(await beats(sandbox, 'late')).toBe(false);
    });

    it('ends at once when cancelled by force, and is not begun when it was cancelled before', async () => {
      const abort = new AbortController();
      const result = await sh(sandbox, `trap '' TERM; echo ready; ${heart('cancelled')}`, {
        signal: abort.signal,
        onOutput: () => abort.abort('force'),
      });
      expect(result).toMatchObject({ why: 'cancelled', exitCode: 137, stdout: 'ready\n' });
      expect(await beats(sandbox, 'cancelled')).toBe(false);
      const never = await sh(sandbox, 'echo never', { signal: AbortSignal.abort('asked') });
      expect(never).toMatchObject({ why: 'cancelled', stdout: '' });
    });

    it('ends in whatever moment of its start it is cancelled', async () => {
      for (const delayMs of [0, 4, 8, 12, 16, 24, 32, 64]) {
        const abort = new AbortController();
        const running = sh(sandbox, heart('begun'), { signal: abort.signal });
        await sleep(delayMs);
        abort.abort('force');
        expect((await running).why).toBe('cancelled');
      }
      expect(await beats(sandbox, 'begun')).toBe(false);
    });

    it('leaves no process when the program ends', async () => {
      const script = `(setsid nohup bash -c '${heart('left')}' >/dev/null 2>&1 &); sleep 0.2; echo done`;
      expect(await sh(sandbox, script)).toMatchObject({ why: 'exit', exitCode: 0, stdout: 'done\n' });
      expect(await beats(sandbox, 'left')).toBe(false);
    });

    it('runs calls side by side', async () => {
      const [one, two] = await Promise.all([
        sh(sandbox, 'touch one; until [ -e two ]; do sleep 0.05; done; echo met'),
        sh(sandbox, 'touch two; until [ -e one ]; do sleep 0.05; done; echo met'),
      ]);
      expect([one.stdout, two.stdout]).toEqual(['met\n', 'met\n']);
    });

    it('stops a flood of output at the limit, byte for byte', async () => {
      const small = await open({ limits: { outputBytes: MIB } });
      await sh(small, 'echo kept > file');
      const result = await sh(small, 'yes flood');
      expect(result.why).toBe('output-limit');
      expect(result.stdout.length + result.stderr.length).toBe(MIB);
      expect((await sh(small, 'cat file')).stdout).toBe('kept\n');
      await small.release();
    });

    it('holds memory as it says', async () => {
      if (held().memory === 'absent') return;
      const small = await open({ limits: { memoryBytes: 64 * MIB } });
      const result = await sh(small, 'head -c 300000000 /dev/zero | tail -n 1 | wc -c; exit "${PIPESTATUS[1]}"');
      expect(result).toMatchObject({ why: 'oom', exitCode: 137 });
      expect((await sh(small, 'echo alive')).stdout).toBe('alive\n');
      await small.release();
    });

    it('holds the number of processes as it says, and survives a fork bomb', async () => {
      if (held().pids !== 'hard') return;
      const small = await open({ limits: { pids: 32, cpuPercent: 50 } });
      const bomb = await sh(small, 'bomb() { bomb | bomb & }; bomb 2>/dev/null; sleep 60', {
        timeoutMs: 1_000,
        graceMs: 100,
      });
      expect(bomb.why).toBe('timeout');
      expect((await sh(small, 'echo alive')).stdout).toBe('alive\n');
      const refused = new AbortController();
      const many = await sh(small, 'for i in $(seq 90); do sleep 20 & done; wait', {
        signal: refused.signal,
        onOutput: () => refused.abort('force'),
      });
      expect(many.stderr).toMatch(/Resource temporarily unavailable/);
      await small.release();
    });

    it('holds temporary files and the workspace as it says', async () => {
      const { tmpBytes, workspaceBytes } = held();
      const small = await open({ limits: { tmpBytes: 4 * MIB, workspaceBytes: 8 * MIB } });
      if (tmpBytes === 'hard') {
        const fill = await sh(
          small,
          'for place in /tmp /dev/shm; do dd if=/dev/zero of=$place/x bs=1M count=7; done; rm -f /tmp/x',
        );
        expect(fill.stderr.match(/No space left/g)).toHaveLength(2);
      }
      if (workspaceBytes !== 'absent') {
        const result = await sh(small, 'for i in 1 2 3 4; do head -c 6000000 /dev/zero > part$i; done; sleep 30');
        expect(result.why).toBe('output-limit');
      }
      await small.release();
    });

    it('has no network but its own loopback, where it says so', async () => {
      if (held().network !== 'hard') return;
      const result = await sh(sandbox, 'grep -c : /proc/net/dev; (exec 3<>/dev/tcp/198.51.100.7/80) 2>&1; true');
      expect(result.stdout).toMatch(/^1\n.*unreachable/i);
    });

    it('has a way to one address, where what opens it is put in outside', async () => {
      const server = createServer((request, response) => response.end(`key ${String(request.headers['x-key'])}`));
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const relay = await sandbox.relay({ baseUrl, headers: { 'x-key': 'kept outside' } });
      const { hostname, port, pathname } = new URL(relay.url);
      const get = `exec 3<>/dev/tcp/${hostname}/${port}; printf 'GET ${pathname}/ HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3`;
      const { stdout } = await sh(sandbox, get);
      await relay.close();
      server.close();
      expect(stdout).toMatch(/200 OK[\s\S]*key kept outside$/);
    });

    it('is gone when it is released, with what ran in it', async () => {
      const short = await open();
      const running = sh(short, `echo on; ${heart('released')}`, { onOutput: () => void short.release() });
      await expect(running).rejects.toMatchObject({ code: 'SANDBOX_RELEASED' });
      await short.release();
      await expect(sh(short, 'true')).rejects.toMatchObject({ code: 'SANDBOX_RELEASED' });
      const anew = await open({}, short.runId);
      expect(anew.fresh).toBe(true);
      expect((await sh(anew, 'ls -A')).stdout).toBe('');
    });

    it('is put down and taken up again with its files', async () => {
      const held = await open();
      await sh(held, 'echo kept > file');
      await held.markReady();
      await held.leave();
      const again = await open({}, held.runId);
      expect(again.fresh).toBe(false);
      expect((await sh(again, 'cat file')).stdout).toBe('kept\n');
    });

    it('is swept by the next process once nobody wants it', async () => {
      const [kept, unwanted] = [await open(), await open()];
      for (const each of [kept, unwanted]) {
        await sh(each, 'echo x > file');
        await each.markReady();
      }
      const next = world.again();
      await next.sweep(new Set([kept.runId, sandbox.runId]));
      const profile = testProfile({ ...world.profile });
      expect((await next.open({ workspaceId: 'ws', runId: kept.runId, profile })).fresh).toBe(false);
      expect((await next.open({ workspaceId: 'ws', runId: unwanted.runId, profile })).fresh).toBe(true);
      await sleep(0);
    });
  });
}
