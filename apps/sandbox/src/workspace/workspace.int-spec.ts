import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { inspect } from 'node:util';
import type { ProfileDefinition } from '@runledger/contracts';
import { SandboxGround, testProfile } from '../driver/sandbox.fixture.js';
import type { LocalSandbox } from '../driver/local-sandbox.js';
import { collectArtifacts, type CollectRequest } from './collect-artifacts.js';
import { setUpWorkspace } from './set-up.js';

/** A directory with a bare repository that every user may push to, holding one commit on `main` and one on `next`. */
function remotes(): string {
  const base = mkdtempSync(join(tmpdir(), 'runledger-remotes-'));
  const git = (cwd: string, ...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=Host', '-c', 'user.email=host@localhost', ...args], { cwd, stdio: 'pipe' });
  chmodSync(base, 0o755); // sandboxes are other users: what is mounted must let them in
  mkdirSync(join(base, 'work'));
  git(join(base, 'work'), 'init', '-q', '-b', 'main');
  writeFileSync(join(base, 'work', 'README.md'), 'hello\n');
  git(join(base, 'work'), 'add', '.');
  git(join(base, 'work'), 'commit', '-qm', 'first');
  git(join(base, 'work'), 'branch', 'next');
  for (const name of ['app.git', 'docs.git']) {
    git(base, 'init', '-q', '--bare', '--shared=0777', '-b', 'main', name);
    git(join(base, 'work'), 'push', '-q', join(base, name), 'main', 'next');
  }
  return base;
}

describe('the workspace of a run', () => {
  const base = remotes();
  const ground = new SandboxGround({ mountSources: [base] });
  const mounts = [{ source: base, target: '/mnt/remotes', mode: 'rw' as const }];
  const signal = new AbortController().signal;
  let notes: string[] = [];
  const note = (line: string): void => void notes.push(line);
  beforeEach(() => (notes = []));
  afterAll(async () => {
    await ground.giveBack();
    rmSync(base, { recursive: true });
  });

  const setUp = async (repositories: ProfileDefinition['repositories'], more: Partial<ProfileDefinition> = {}) => {
    const profile = testProfile({ mounts, repositories, ...more });
    const sandbox = await ground.open(profile);
    await setUpWorkspace(sandbox, profile, { note, signal });
    return sandbox;
  };

  it('holds the repositories of the profile, on their branches, and what is committed can be pushed', async () => {
    const sandbox = await setUp([
      { url: '/mnt/remotes/app.git', path: '.' },
      { url: '/mnt/remotes/docs.git', path: 'deep/docs', branch: 'next' },
    ]);
    const state = await ground.sh(
      sandbox,
      'cat README.md deep/docs/README.md; git -C deep/docs branch --show-current; git status --short',
    );
    expect(state.stdout).toBe('hello\nhello\nnext\n?? deep/\n');
    const push = await ground.sh(
      sandbox,
      'echo changed > README.md && git commit -qam change && git push -q origin HEAD:agent',
    );
    expect(push).toMatchObject({ exitCode: 0, stderr: '' });
    const pushed = execFileSync('git', ['-c', 'safe.directory=*', 'log', '-1', '--format=%an %s', 'agent'], {
      cwd: join(base, 'app.git'),
    });
    expect(pushed.toString()).toBe('Agent change\n');
    expect(notes).toEqual([
      expect.stringMatching(/^Cloned \/mnt\/remotes\/app\.git at [0-9a-f]{7,} \(main\) into \.$/),
      expect.stringMatching(/^Cloned \/mnt\/remotes\/docs\.git at [0-9a-f]{7,} \(next\) into deep\/docs$/),
    ]);
  });

  it('is set up when the remote is there at last, and does not need it again', async () => {
    const repositories = [{ url: '/mnt/remotes/late.git', path: 'late' }];
    const profile = testProfile({ mounts, repositories });
    const sandbox = await ground.open(profile);
    const setUpAgain = () => setUpWorkspace(sandbox, profile, { note, signal });
    await expect(setUpAgain()).rejects.toMatchObject({ code: 'WORKSPACE_SET_UP_FAILED' });
    cpSync(join(base, 'app.git'), join(base, 'late.git'), { recursive: true });
    await setUpAgain();
    rmSync(join(base, 'late.git'), { recursive: true });
    await setUpAgain();
    expect((await ground.sh(sandbox, 'cat late/README.md')).stdout).toBe('hello\n');
  });

  it('is set up to the end when a crash had cut the clone off', async () => {
    const repositories = [{ url: '/mnt/remotes/app.git', path: 'app' }];
    const sandbox = await ground.open(testProfile({ mounts, repositories }));
    await ground.sh(sandbox, 'mkdir -p .cloning-0/.git app && echo half > .cloning-0/.git/HEAD');
    await setUpWorkspace(sandbox, testProfile({ mounts, repositories }), { note, signal });
    expect((await ground.sh(sandbox, 'cat app/README.md; ls -A')).stdout).toBe('hello\napp\n');
  });

  it('takes an empty repository as it is', async () => {
    execFileSync('git', ['init', '-q', '--bare', '--shared=0777', join(base, 'empty.git')]);
    await setUp([{ url: '/mnt/remotes/empty.git', path: '.' }]);
    expect(notes.at(-1)).toMatch(/at no commit yet into \.$/);
  });

  it.each([
    [
      'that is not there',
      { url: '/mnt/remotes/none.git', path: '.' },
      /does not exist|not appear to be/,
      /let every user in/,
    ],
    ['outside the mounts', { url: '/srv/elsewhere.git', path: '.' }, /does not exist|not appear to be/, /Add a mount/],
    ['on the network', { url: 'https://user:hunter2@git.example/x.git', path: '.' }, /git\.example/, /no network/],
    ['without the branch', { url: '/mnt/remotes/app.git', path: '.', branch: 'gone' }, /gone not found/, /branch gone/],
  ])('says what git said and what to do about a repository %s', async (_what, repository, said, fix) => {
    const failure = await setUp([repository]).catch((error: unknown) => error as Error & { code: string });
    expect(failure).toMatchObject({ code: 'WORKSPACE_SET_UP_FAILED', message: expect.stringMatching(said) });
    expect(failure).toMatchObject({ fix: expect.stringMatching(fix) });
    expect(inspect(failure)).not.toContain('hunter2');
  });

  describe('gives its artifacts', () => {
    let sandbox: LocalSandbox;
    const collect = async (globs: string[], limits: CollectRequest['limits'] = {}) => {
      const kept: Record<string, string> = {};
      const keep: CollectRequest['keep'] = async file => void (kept[file.path] = await text(file.content));
      const skipped = await collectArtifacts(sandbox, { globs, limits, keep });
      return { kept, skipped };
    };
    beforeAll(async () => {
      sandbox = await ground.open();
      await ground.sh(
        sandbox,
        `mkdir -p dist/deep .git reports; echo one > dist/one.js; echo two > dist/deep/two.js; echo secret > .git/config
        head -c 300000 /dev/zero | tr '\\0' z > reports/big.txt; echo '{}' > reports/a.json; : > reports/empty
        mkdir -p 'app/[id]'; echo page > 'app/[id]/{page}.tsx'; touch closed; chmod 0 closed
        ln -s /etc/passwd reports/link.json; ln -s / reports/all; mkfifo reports/pipe.json; touch "$(printf 'reports/\\377.json')"`,
      );
    });

    it('every file that a glob or a named directory covers, whole', async () => {
      const { kept } = await collect(['dist', './reports/*.txt', 'reports/empty']);
      expect(kept).toEqual({
        'dist/one.js': 'one\n',
        'dist/deep/two.js': 'two\n',
        'reports/big.txt': 'z'.repeat(300_000),
        'reports/empty': '',
      });
      expect(Object.keys((await collect(['**/*.js'])).kept)).toEqual(['dist/deep/two.js', 'dist/one.js']);
    });

    it('also by its very name where that looks like a glob', async () => {
      const page = { 'app/[id]/{page}.tsx': 'page\n' };
      expect((await collect(['app/[id]/{page}.tsx'])).kept).toEqual(page);
      expect((await collect(['app/[id]'])).kept).toEqual(page);
      expect((await collect(['app/[ab]'])).kept).toEqual({});
    });

    it('and says in words why not', async () => {
      const { skipped } = await collect(['closed', 'reports/*.json']);
      expect(skipped).toEqual(
        expect.arrayContaining([
          { path: 'closed', reason: 'it may not be read' },
          { path: 'reports/\ufffd.json', reason: 'its name is not UTF-8' },
        ]),
      );
    });

    it('and never what a link points to, a pipe, or the inside of .git', async () => {
      const { kept, skipped } = await collect(['reports/*.json', 'reports/all', '**/config']);
      expect(kept).toEqual({ 'reports/a.json': '{}\n' });
      expect(skipped).toEqual(
        expect.arrayContaining([
          { path: 'reports/link.json', reason: 'a symbolic link' },
          { path: 'reports/all', reason: 'a symbolic link' },
        ]),
      );
    });

    it('not through a directory that the host put a link in place of', async () => {
      symlinkSync('/etc', join(ground.homeDir, sandbox.runId, 'workspace', 'linked'));
      expect((await collect(['linked/*', 'linked/**'])).kept).toEqual({});
    });

    it('within the limits', async () => {
      const { kept, skipped } = await collect(['reports', 'dist'], { maxFileBytes: 1_000, maxFiles: 2 });
      expect(Object.keys(kept)).toHaveLength(2);
      expect(skipped).toContainEqual({ path: 'reports/big.txt', reason: 'larger than 1000 bytes' });
      await expect(collect(['**'], { maxTotalBytes: 100_000 })).rejects.toMatchObject({
        code: 'ARTIFACTS_NOT_COLLECTED',
      });
    });

    it('and passes on the failure of whoever keeps them', async () => {
      const keep = () => Promise.reject(new Error('disk full'));
      await expect(collectArtifacts(sandbox, { globs: ['dist'], keep })).rejects.toThrow('disk full');
    });

    it('without being able to change the workspace', async () => {
      const result = await ground.sh(sandbox, 'touch dist/new', { workspace: 'ro' });
      expect(result.stderr).toContain('Read-only file system');
    });
  });
});
