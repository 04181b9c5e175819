import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@runledger/testing';
import { forkHere } from '../forking/fork-here.js';
import type { Forks } from '../forking/forks.js';
import { CallJournal } from './call-journal.js';
import { SandboxDirectory } from './sandbox-directory.js';
import { testProfile } from './sandbox.fixture.js';
import { SandboxHome } from './sandbox-home.js';
import { UidSlots } from './uid-slots.js';

const asRoot = process.getuid?.() === 0 ? it : it.skip;

/** Another service on the same machine is always just as fast. */
class ContestedSlots extends UidSlots {
  constructor(
    private readonly others: UidSlots,
    private readonly otherDir: string,
    directory: string,
  ) {
    super(directory, RANGE);
  }

  override async take(sandboxDir: string, held?: number): Promise<number> {
    const uid = await super.take(sandboxDir, held);
    await this.others.take(this.otherDir);
    return uid;
  }
}

const RANGE = { first: 209_000, count: 5 };

const idleShape = {
  workspacePath: '/workspace',
  prepare: () => Promise.reject(new Error()),
  relay: () => Promise.reject(new Error()),
  close: () => Promise.resolve(),
};

describe('the sandboxes of a service', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'runledger-home-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  asRoot('keep their uid, however many services ask for one at the same moment (needs root)', async () => {
    const [slots, other] = [join(folder, 'slots'), join(folder, 'other')];
    mkdirSync(other);
    const others = new UidSlots(slots, RANGE);
    const home = new SandboxHome(join(folder, 'home'), {
      groups: false,
      slots: new ContestedSlots(others, other, slots),
    });
    const uids: (number | undefined)[] = [];
    const spec = { workspaceId: 'ws_acme', runId: 'run_1', profile: testProfile() };
    await home.open(spec, ({ uid, directory }) => {
      uids.push(uid, directory.meta()?.uid);
      return idleShape;
    });
    // Another process that opens the same sandbox, as the runner of an agent does, finds it with the uid that it was made with.
    const runner = new SandboxHome(join(folder, 'home'), { groups: false, slots: others });
    await runner.open(spec, ({ uid }) => {
      uids.push(uid);
      return idleShape;
    });
    expect(new Set(uids).size).toBe(1);
    await runner.close();
    await home.close();
  });

  it('are swept but for one whose processes do not die, and then that, too, while others are opened (R4)', async () => {
    const home = new SandboxHome(join(folder, 'home'), { groups: false, slots: undefined });
    const left = ['run_1', 'run_2', 'run_3'].map(runId => {
      const directory = new SandboxDirectory(home.path, runId, forkHere);
      directory.create({ runId, workspaceId: 'ws_acme', profile: 'test' });
      return directory;
    });
    // Leads no group, so that no signal for its group comes to it: as little as to one that the kernel does not let die.
    const undying = spawn('sleep', ['600'], { stdio: 'ignore' });
    const journal = new CallJournal(left[1]!.journal, 'call');
    journal.begin('call');
    writeFileSync(join(journal.path, 'owner'), readFileSync(`/proc/${undying.pid}/stat`));
    const swept = home.sweep(new Set()).catch((error: unknown) => error);
    await eventually(() => expect(home.runs()).toEqual(['run_2']));
    const spec = { workspaceId: 'ws_acme', runId: 'run_4', profile: testProfile() };
    await home.open(spec, () => idleShape);
    expect(await swept).toMatchObject({
      code: 'LEFT_BEHIND',
      fields: { runs: ['run_2'] },
      message: expect.stringContaining(`process ${undying.pid}`) as string,
    });
    expect(home.runs()).toEqual(['run_2', 'run_4']);
    expect(existsSync(journal.path)).toBe(true);
    undying.kill('SIGKILL');
    await once(undying, 'exit');
    await home.sweep(new Set(['run_4']));
    await eventually(() => expect(home.runs()).toEqual(['run_4']));
    await home.close();
  });

  it('are told of when their files cannot be removed in time, and are removed by the next sweep (R4)', async () => {
    let stalls = 0;
    const run: Forks['run'] = (program, argv) => {
      const stalled = (stalls += 1) <= 2; // a disk that does not answer, at chmod and at rm
      return stalled ? forkHere.run('sleep', ['600'], 50) : forkHere.run(program, argv);
    };
    const home = new SandboxHome(join(folder, 'home'), {
      groups: false,
      slots: undefined,
      forks: { ...forkHere, run },
    });
    const directory = new SandboxDirectory(home.path, 'run_1', forkHere);
    directory.create({ runId: 'run_1', workspaceId: 'ws_acme', profile: 'test' });
    await expect(home.sweep(new Set())).rejects.toMatchObject({
      code: 'LEFT_BEHIND',
      cause: { errors: [expect.objectContaining({ code: 'SANDBOX_STALLED' })] },
    });
    expect(home.runs()).toEqual(['run_1']);
    await home.sweep(new Set());
    await eventually(() => expect(home.runs()).toEqual([]));
  });
});
