import { eventually } from '@runledger/testing';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { living, markOf } from './sandbox.fixture.js';
import { Stage } from './stage.js';

/** As bubblewrap 0.8 says it when a mount goes while it sets the flags of all. */
const MOUNT_WENT =
  'bwrap: Can\'t bind mount /oldroot/ on /newroot/: Unable to apply mount flags: remount "/newroot/x/merged": Invalid argument';
const MARK = markOf(4733);

describe('the place that a closed directory is reached from', () => {
  let folder: string;
  let source: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'runledger-stage-')); // closed to others
    source = join(folder, 'source');
    mkdirSync(source);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** With a bwrap that does this the first times, and then starts the program without a view of its own. */
  function stageWith(firstTimes: number, instead: string, answerMs?: number): Stage {
    const bwrap = join(folder, 'bwrap');
    const script = `#!/bin/sh
echo try >>${folder}/tries
[ "$(wc -l <${folder}/tries)" -gt ${firstTimes} ] || { ${instead}; }
until [ "$1" = -- ]; do shift; done
shift
exec "$@"
`;
    writeFileSync(bwrap, script, { mode: 0o755 });
    return new Stage({ bwrap, nsenter: 'nsenter' }, [source], [], answerMs);
  }

  const tries = (): number => readFileSync(join(folder, 'tries'), 'utf8').trim().split('\n').length;
  const complaining = (words: string): string => `cat >&2 <<'END'
${words}
END
exit 1`;

  it('is made again when a mount of the machine went while it was made', async () => {
    const stage = stageWith(3, complaining(MOUNT_WENT));
    const reach = await stage.reach();
    expect(reach.pathOf(source)).not.toBe(source);
    expect(reach.launcher).toEqual(['nsenter', expect.stringMatching(/^--mount=\/proc\/\d+\/ns\/mnt$/), '--']);
    expect(tries()).toBe(4);
    expect(await stage.reach()).toBe(reach);
    await stage.close();
  });

  it('says what bwrap complains of when that stays', async () => {
    const stage = stageWith(100, complaining(MOUNT_WENT));
    await expect(stage.reach()).rejects.toMatchObject({
      code: 'SANDBOX_UNAVAILABLE',
      message: expect.stringContaining('Invalid argument') as string,
    });
    expect(tries()).toBe(10);
    await stage.close();
  });

  it('says at once what else bwrap complains of', async () => {
    const stage = stageWith(1, complaining('bwrap: No permissions to create a new namespace'));
    await expect(stage.reach()).rejects.toMatchObject({ code: 'SANDBOX_UNAVAILABLE' });
    expect(tries()).toBe(1);
    await stage.close();
  });

  it('is not waited for without end, and can be made later', async () => {
    const stage = stageWith(1, `sleep ${MARK}`, 1_000);
    await expect(stage.reach()).rejects.toMatchObject({ code: 'SANDBOX_STALLED' });
    await eventually(() => expect(living(MARK)).toEqual([]));
    const { launcher } = await stage.reach();
    const namespace = launcher[1]!.slice('--mount='.length);
    expect(existsSync(namespace)).toBe(true);
    await stage.close();
    expect(existsSync(namespace)).toBe(false);
  });
});
