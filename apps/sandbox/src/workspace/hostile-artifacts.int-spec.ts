import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { LocalSandbox } from '../driver/local-sandbox.js';
import { living, markOf, SandboxGround } from '../driver/sandbox.fixture.js';
import { collectArtifacts, type CollectRequest } from './collect-artifacts.js';

const MARK = markOf(4733);
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

describe('HOSTILE: what a step leaves to be kept', () => {
  const ground = new SandboxGround();
  let sandbox: LocalSandbox;
  beforeAll(async () => {
    sandbox = await ground.open();
  });
  afterAll(() => ground.giveBack());

  const inWorkspace = (path: string) => join(ground.homeDir, sandbox.runId, 'workspace', path);
  const collect = async (globs: string[], limits: CollectRequest['limits'] = {}) => {
    const kept = new Map<string, Buffer>();
    const keep: CollectRequest['keep'] = async file => void kept.set(file.path, await buffer(file.content));
    const skipped = await collectArtifacts(sandbox, { globs, limits, keep });
    return { kept, skipped };
  };

  it('is as it was when its processes were gone: nothing goes on writing while it is read', async () => {
    await ground.sh(
      sandbox,
      `(trap '' TERM; setsid bash -c 'while :; do echo ${MARK} >> grows.txt; done' &) ; sleep 0.2`,
    );
    expect(living(MARK)).toEqual([]);
    const { kept } = await collect(['grows.txt']);
    expect(kept.get('grows.txt')).toEqual(readFileSync(inWorkspace('grows.txt')));
  });

  it('is no bomb: a file that claims to be huge is left out, and an archive stays the few bytes that it is', async () => {
    await ground.sh(
      sandbox,
      'mkdir bombs; truncate -s 200M bombs/claims-to-be-huge; head -c 30000000 /dev/zero | gzip > bombs/unpacks-to-much.gz',
    );
    const { kept, skipped } = await collect(['bombs'], { maxFileBytes: 1_048_576 });
    expect(skipped).toEqual([{ path: 'bombs/claims-to-be-huge', reason: 'larger than 1048576 bytes' }]);
    const archive = kept.get('bombs/unpacks-to-much.gz') ?? Buffer.alloc(0);
    expect(archive.length).toBe(statSync(inWorkspace('bombs/unpacks-to-much.gz')).size);
    expect(sha256(archive)).toBe(sha256(readFileSync(inWorkspace('bombs/unpacks-to-much.gz'))));
  });

  it('is named by where it is, whatever its name says: nothing climbs, and nothing is taken for more than a name', async () => {
    const names = [
      '..\\..\\evil.txt',
      '...',
      '-rf',
      '$(touch hit)',
      '; touch hit;',
      'line\nbreak',
      '%2e%2e%2fetc',
      'a:b',
    ];
    const write = `mkdir names && cd names && node -e 'for (const name of ${JSON.stringify(names).replaceAll("'", '')})
      require("fs").writeFileSync(name, name)'; ln -s ../../../etc climbs; ln -s /proc/self/root root`;
    expect((await ground.sh(sandbox, write)).exitCode).toBe(0);
    const { kept, skipped } = await collect([
      'names',
      '../../etc/passwd',
      '/etc/*',
      'names/climbs/**',
      'names/root/**',
    ]);
    expect([...kept.keys()].sort()).toEqual(names.map(name => `names/${name}`).sort());
    expect(skipped.map(({ reason }) => reason)).toEqual(['a symbolic link', 'a symbolic link']);
    expect((await ground.sh(sandbox, 'ls -A . names | grep -c "^hit$"')).stdout).toBe('0\n');
  });

  it('is not more than can be told: of thousands of files the first are kept, and the rest is counted', async () => {
    const many = `mkdir many && cd many && node -e 'for (let n = 0; n < 3000; n += 1) require("fs").writeFileSync("f" + n, "")'`;
    const deep = `mkdir deep && cd deep && node -e 'for (let n = 0; n < 3000; n += 1) { require("fs").mkdirSync("d"); process.chdir("d") }'`;
    await ground.sh(sandbox, `(${many}); (${deep}); true`);
    const { kept, skipped } = await collect(['many', 'deep'], { maxFiles: 50 });
    expect(kept.size).toBe(50);
    expect(skipped).toHaveLength(1_001);
    // The other 2,950 files, and the directory from which on no path is short enough.
    expect(skipped.at(-1)).toEqual({ path: '…', reason: '1951 more are left out' });
  });
});
