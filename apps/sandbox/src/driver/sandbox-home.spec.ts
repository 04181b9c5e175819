import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

  override take(sandboxDir: string, held?: number): number {
    const uid = super.take(sandboxDir, held);
    this.others.take(this.otherDir);
    return uid;
  }
}

const RANGE = { first: 209_000, count: 5 };

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
    const shape = {
      workspacePath: '/workspace',
      prepare: () => Promise.reject(new Error()),
      relay: () => Promise.reject(new Error()),
      close: () => Promise.resolve(),
    };
    const uids: (number | undefined)[] = [];
    const spec = { workspaceId: 'ws_acme', runId: 'run_1', profile: testProfile() };
    await home.open(spec, ({ uid, directory }) => {
      uids.push(uid, directory.meta()?.uid);
      return shape;
    });
    // Another process that opens the same sandbox, as the runner of an agent does, finds it with the uid that it was made with.
    const runner = new SandboxHome(join(folder, 'home'), { groups: false, slots: others });
    await runner.open(spec, ({ uid }) => {
      uids.push(uid);
      return shape;
    });
    expect(new Set(uids).size).toBe(1);
    await runner.close();
    await home.close();
  });
});
