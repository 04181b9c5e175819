import { statSync } from 'node:fs';
import { markOf, ran, SandboxGround, testProfile } from './sandbox.fixture.js';

const MARK = markOf(4711);
const MIB = 1_048_576;

describe('what runs in a sandbox is held to its limits', () => {
  const ground = new SandboxGround();
  afterAll(() => ground.giveBack());

  it('contains a fork bomb', async () => {
    const sandbox = await ground.open(testProfile({ limits: { pids: 32, cpuPercent: 50 } }));
    const result = await ground.sh(sandbox, `bomb() { bomb ${MARK} | bomb & }; bomb 2>/dev/null; sleep 60`, {
      timeoutMs: 1_000,
      graceMs: 100,
    });
    expect(result.why).toBe('timeout');
    expect(result.durationMs).toBeLessThan(30_000);
    expect((await ground.sh(sandbox, 'echo alive')).stdout).toBe('alive\n');
  });

  it('stops a memory hog and says that memory was the reason', async () => {
    const sandbox = await ground.open(testProfile({ limits: { memoryBytes: 64 * MIB } }));
    const hog = ['perl', '-e', 'my @a; push @a, "x" x 1048576 for 1..200; print "survived"'] as const;
    const alone = await ground.sh(sandbox, '', { argv: [...hog] });
    expect(alone).toMatchObject({ why: 'oom', exitCode: 137, stdout: '' });
    const below = await ground.sh(sandbox, `perl -e 'my @a; push @a, "x" x 1048576 for 1..200;'; exit 3`);
    expect(below).toMatchObject({ why: 'oom', exitCode: 3 });
    const handled = await ground.sh(sandbox, `perl -e 'my @a; push @a, "x" x 1048576 for 1..200;' || echo handled`);
    expect(handled).toMatchObject({ why: 'exit', exitCode: 0, stdout: 'handled\n' });
  });

  it('tells "out of memory" only of the call that it happened to', async () => {
    const sandbox = await ground.open(testProfile({ limits: { memoryBytes: 64 * MIB } }));
    const [hog, other] = await Promise.all([
      ground.sh(sandbox, `perl -e 'my @a; push @a, "x" x 1048576 for 1..200;'`),
      ground.sh(sandbox, 'sleep 0.5; exit 137'),
    ]);
    expect(hog.why).toBe('oom');
    expect(other.why).toBe('exit');
  });

  it('contains what fills /tmp, /dev/shm and /dev', async () => {
    const sandbox = await ground.open(testProfile({ limits: { tmpBytes: 4 * MIB } }));
    const fill = (path: string) =>
      `dd if=/dev/zero of=${path} bs=1M count=16 2>&1 | grep -o 'No space left\\|Read-only'`;
    const result = await ground.sh(sandbox, [fill('/tmp/x'), fill('/dev/shm/x'), fill('/dev/x')].join('; '));
    expect(result.stdout.split('\n').slice(0, 2)).toEqual(['No space left', 'No space left']);
    expect((await ground.sh(sandbox, 'stat -c %s /tmp/x /dev/x 2>&1')).stdout).not.toMatch(/^\d+$/m);
  });

  it('stops what fills the workspace', async () => {
    const sandbox = await ground.open(testProfile({ limits: { workspaceBytes: 8 * MIB } }));
    const result = await ground.sh(sandbox, 'for i in 1 2 3 4; do head -c 6000000 /dev/zero > part$i; done; sleep 30');
    expect(result.why).toBe('output-limit');
    const one = await ground.sh(sandbox, 'rm part*; head -c 16000000 /dev/zero > one; stat -c %s one; rm one');
    expect(Number(one.stdout)).toBeLessThanOrEqual(8 * MIB);
  });

  it('stops what fills the workspace a little with each of many short calls, and lets it clean up', async () => {
    const sandbox = await ground.open(testProfile({ limits: { workspaceBytes: 8 * MIB } }));
    const ends: string[] = [];
    // It is looked at the more seldom the slower the machine is.
    for (let n = 0; n < 60 && !ends.includes('output-limit'); n += 1)
      ends.push((await ground.sh(sandbox, `head -c 6000000 /dev/zero > part${n % 5}; sleep 0.5`)).why);
    expect(ends).toContain('output-limit');
    expect(await ground.sh(sandbox, 'rm part*; echo gone')).toMatchObject({ why: 'exit', stdout: 'gone\n' });
    for (let n = 0; n < 100 && ends.at(-1) !== 'lost'; n += 1) {
      const { why, durationMs } = await ground.sh(sandbox, `head -c 6000000 /dev/zero > more${n}; sleep 0.2`);
      ends.push(why === 'output-limit' && durationMs === 0 ? 'lost' : why);
    }
    expect(ends.at(-1)).toBe('lost'); // nothing runs there any more
  });

  it('stops what makes files without end, although there is nothing in them', async () => {
    const sandbox = await ground.open(testProfile({ limits: { workspaceBytes: 8 * MIB } }));
    const result = await ground.sh(sandbox, 'for i in $(seq 5000); do : > empty$i; done; sleep 30');
    expect(result.why).toBe('output-limit');
  });

  it('stops a flood of output at the limit', async () => {
    const sandbox = await ground.open(testProfile({ limits: { outputBytes: MIB } }));
    const result = await ground.sh(sandbox, 'yes flood');
    expect(result.why).toBe('output-limit');
    expect(result.stdout.length + result.stderr.length).toBe(MIB);
    const replay = await ground.sh(sandbox, 'yes flood & yes other >&2', { callId: 'flood' });
    const again = await ground.sh(sandbox, 'yes flood & yes other >&2', { callId: 'flood' });
    expect(again).toEqual({ ...replay, replayed: true });
  });

  it('runs twenty sandboxes at once, each under its own uid', async () => {
    const sandboxes = await Promise.all(
      Array.from({ length: 20 }, () => ground.open(testProfile({ limits: { pids: 24 } }))),
    );
    const script = 'for i in $(seq 8); do sleep 1 & done; wait; echo done > done';
    const results = await Promise.all(sandboxes.map(sandbox => ground.sh(sandbox, script, { timeoutMs: 90_000 })));
    expect(results.map(result => result.exitCode)).toEqual(Array(20).fill(0));
    const owners = sandboxes.map(({ runId }) => statSync(`${ground.homeDir}/${runId}/workspace/done`).uid);
    expect(new Set(owners).size).toBe(process.getuid?.() === 0 ? 20 : 1);
    await Promise.all(sandboxes.map(sandbox => sandbox.release()));
  });
});

describe('a machine without control groups', () => {
  const ground = new SandboxGround({ controlGroups: 'off' });
  afterAll(() => ground.giveBack());

  it('says which limits are weaker', () => {
    expect(ground.driver.capabilities()).toMatchObject({ memory: 'soft', cpu: 'absent', freeze: false });
  });

  it('gives every sandbox a process limit of its own', async () => {
    const profile = testProfile({ limits: { pids: 24 } });
    const [one, two] = [await ground.open(profile), await ground.open(profile)];
    const busy = 'for i in $(seq 15); do sleep 1 & done; wait; echo all';
    const results = await Promise.all([ground.sh(one, busy), ground.sh(two, busy)]);
    expect(results.map(result => result.stdout)).toEqual(['all\n', 'all\n']);
    const bomb = await ground.sh(one, 'for i in $(seq 60); do sleep 1 & done; wait');
    expect(bomb.stderr).toContain('Resource temporarily unavailable');
  });

  it('still stops a memory hog, a moment later', async () => {
    const sandbox = await ground.open(testProfile({ limits: { memoryBytes: 64 * MIB } }));
    const result = await ran(sandbox, {
      callId: 'hog',
      argv: ['perl', '-e', 'my @a; push @a, "x" x 1048576 for 1..150; sleep 10'],
      timeoutMs: 20_000,
    });
    expect(result.why).toBe('oom');
  });
});
