import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { controlGroupsNamed, living, markOf, SandboxGround, testProfile } from './sandbox.fixture.js';

const MARK = markOf(4741);
const MIB = 1_048_576;

/** What each of them does, and what stops it. */
const ATTACKS = {
  forks: [`bomb() { bomb ${MARK} | bomb & }; bomb 2>/dev/null; sleep ${MARK}`, 'timeout'],
  hogs: [`perl -e '$0 = "${MARK}"; my @a; push @a, "x" x 1048576 for 1..400; sleep 9'`, 'oom'],
  fills: [`head -c 64000000 /dev/zero > a; head -c 64000000 /dev/zero > b; sleep ${MARK}`, 'output-limit'],
  floods: [`yes ${MARK} & yes ${MARK} >&2`, 'output-limit'],
  stays: [`trap '' TERM; (trap '' TERM; setsid nohup sleep ${MARK} &) ; while :; do sleep ${MARK}; done`, 'timeout'],
} as const;

describe('HOSTILE: twenty sandboxes at once', () => {
  it('are each held to their own limits, disturb no honest neighbour, and leave nothing behind', async () => {
    const slotsDir = mkdtempSync(join(tmpdir(), 'runledger-slots-'));
    const ground = new SandboxGround({ slotsDir });
    const limits = { pids: 24, cpuPercent: 10, memoryBytes: 64 * MIB, workspaceBytes: 8 * MIB, outputBytes: 65_536 };
    const attacks = Array.from({ length: 4 }, () => Object.values(ATTACKS)).flat();
    const honest = await ground.open();
    const crowd = await Promise.all(attacks.map(() => ground.open(testProfile({ limits }))));
    const stopped = Promise.all(
      crowd.map((sandbox, at) => {
        const [script, why] = attacks[at] ?? ATTACKS.stays;
        return ground.sh(sandbox, script, { timeoutMs: why === 'timeout' ? 2_000 : 30_000, graceMs: 100 });
      }),
    );
    expect((await ground.sh(honest, 'seq 3')).stdout).toBe('1\n2\n3\n');
    expect((await stopped).map(({ why }) => why)).toEqual(attacks.map(([, why]) => why));
    expect(living(MARK)).toEqual([]);
    await Promise.all([honest, ...crowd].map(sandbox => sandbox.release()));
    expect([controlGroupsNamed(`run_${process.pid}-*`), readdirSync(slotsDir)]).toEqual(['', []]);
    expect(crowd.filter(({ runId }) => existsSync(join(ground.homeDir, runId)))).toEqual([]);
    await ground.giveBack();
    rmSync(slotsDir, { recursive: true });
  });
});
