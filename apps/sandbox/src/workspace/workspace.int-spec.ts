import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { SandboxGround, testProfile } from '../driver/sandbox.fixture.js';
import { collectFiles } from './collect-files.js';
import { BrokenFramesError } from './file-frames.js';
import { CloneFailedError, setUpWorkspace } from './set-up-workspace.js';

describe('the workspace of a run', () => {
  const remotes = mkdtempSync(join(tmpdir(), 'runledger-remotes-'));
  const remote = join(remotes, 'sample.git');
  const ground = new SandboxGround({ mountSources: [remotes] });
  const signal = new AbortController().signal;
  const profile = testProfile({
    repositories: [{ url: '/remotes/sample.git', path: '.', branch: 'main' }],
    mounts: [{ source: remote, target: '/remotes/sample.git', mode: 'rw' }],
  });

  beforeAll(() => {
    const work = join(remotes, 'work');
    mkdirSync(work);
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=spec', '-c', 'user.email=spec@invalid', ...args], { cwd: work });
    git('init', '--quiet', '--initial-branch=main');
    writeFileSync(join(work, 'hello.txt'), 'hello\n');
    git('add', '.');
    git('commit', '--quiet', '-m', 'first');
    git('clone', '--quiet', '--bare', '--config', 'core.sharedRepository=0777', '.', remote);
    execFileSync('chmod', ['-R', 'a+rwX', remote]);
    cpSync(join(work, 'hello.txt'), join(remotes, 'outside.txt'));
  });

  afterAll(async () => {
    await ground.giveBack();
    rmSync(remotes, { recursive: true, force: true });
  });

  it('holds the repositories of the profile, and says so', async () => {
    const sandbox = await ground.open(profile);
    const notes: string[] = [];
    await setUpWorkspace(sandbox, profile, { signal, note: line => notes.push(line) });
    expect((await ground.sh(sandbox, 'cat hello.txt; git status --porcelain')).stdout).toBe('hello\n');
    expect(notes).toEqual([expect.stringMatching(/^Cloned \/remotes\/sample\.git at [0-9a-f]+ \(main\) into \.$/)]);
    await sandbox.release();
  });

  it('can push to a remote that the profile grants', async () => {
    const sandbox = await ground.open(profile);
    await setUpWorkspace(sandbox, profile, { signal, note: () => undefined });
    const script =
      'git checkout -q -b topic && echo more >> hello.txt && git commit -qam more && git push -q origin topic';
    const pushed = await ground.sh(sandbox, script);
    expect(pushed).toMatchObject({ exitCode: 0, stderr: '' });
    expect(execFileSync('git', ['-C', remote, 'log', '--format=%s', 'topic'], { encoding: 'utf8' })).toBe(
      'more\nfirst\n',
    );
    await sandbox.release();
  });

  it('is left empty with a clear fault when a repository cannot be cloned', async () => {
    const broken = testProfile({ repositories: [{ url: '/nowhere.git', path: '.' }] });
    const sandbox = await ground.open(broken);
    const attempt = setUpWorkspace(sandbox, broken, { signal, note: () => undefined });
    await expect(attempt).rejects.toThrow(CloneFailedError);
    await expect(attempt).rejects.toThrow(/nowhere\.git/);
    await sandbox.release();
  });

  it('hands over the regular files that match, and neither links nor what they lead to', async () => {
    const sandbox = await ground.open();
    await ground.sh(
      sandbox,
      'mkdir -p out/deep && printf one > out/1.txt && printf two > out/deep/2.txt && : > out/empty.txt && ' +
        'ln -s /etc/passwd out/passwd.txt && ln -s /etc out/etc && mkfifo out/pipe.txt && head -c 300000 /dev/zero > out/big.txt',
    );
    const kept: Record<string, number> = {};
    await collectFiles(sandbox, {
      callId: 'collect-1',
      patterns: ['out/**/*.txt'],
      keep: async file => {
        const content = await text(file.content);
        expect(content).toHaveLength(file.bytes);
        kept[file.path] = file.bytes;
      },
    });
    expect(kept).toEqual({ 'out/1.txt': 3, 'out/big.txt': 300_000, 'out/deep/2.txt': 3, 'out/empty.txt': 0 });
    await sandbox.release();
  });

  it('hands over nothing that is larger than allowed', async () => {
    const sandbox = await ground.open();
    await ground.sh(sandbox, 'head -c 5000 /dev/zero > big.bin');
    const collecting = collectFiles(sandbox, {
      callId: 'collect-2',
      patterns: ['*.bin'],
      limits: { files: 10, fileBytes: 4_000, totalBytes: 100_000 },
      keep: async file => void (await text(file.content)),
    });
    await expect(collecting).rejects.toThrow(BrokenFramesError);
    await expect(collecting).rejects.toThrow('big.bin has 5000 bytes');
    await sandbox.release();
  });
});
