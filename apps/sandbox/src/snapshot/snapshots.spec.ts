import { FileBlobStore } from '@runledger/platform';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  closeSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCipheriv, randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { SandboxFiles } from '../driver/sandbox-driver.js';
import { restoreSnapshot } from './restore-snapshot.js';
import { decodeSnapshot, encodeSnapshot } from './snapshot-format.js';
import { takeSnapshot, type SnapshotLimits, type TakenSnapshot } from './take-snapshot.js';

const MIB = 1_048_576;

describe('a snapshot of a workspace', () => {
  let directory: string;
  let files: SandboxFiles;
  let workspace: string;
  let made = 0;
  const blobs = () => new FileBlobStore(join(directory, 'blobs')).area('snapshots');
  const place = (): SandboxFiles => {
    const at = join(directory, String((made += 1)));
    const sides = { workspace: join(at, 'workspace'), home: join(at, 'home'), uid: undefined };
    mkdirSync(sides.workspace, { recursive: true });
    mkdirSync(sides.home);
    return sides;
  };
  const take = (before?: TakenSnapshot, limits?: Partial<SnapshotLimits>) =>
    takeSnapshot(files, { blobs: blobs(), known: before?.known, ...(limits && { limits }) });
  const restored = async ({ root }: TakenSnapshot) => {
    const to = place();
    await restoreSnapshot(to, root.sha256, blobs());
    return to.workspace;
  };
  const write = (name: string, content: string | Buffer) => writeFileSync(join(workspace, name), content);
  const settled = () => delay(40); // past the tick of the file system's clock

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'runledger-snapshots-'));
    files = place();
    workspace = files.workspace;
  });

  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('brings back files, directories, links, modes and times as they were', async () => {
    mkdirSync(join(workspace, 'src/deep/empty'), { recursive: true });
    write('src/a.txt', 'alpha');
    write('src/none', '');
    write('run.sh', '#!/bin/sh\n');
    chmodSync(join(workspace, 'run.sh'), 0o750);
    chmodSync(join(workspace, 'src/deep'), 0o555);
    utimesSync(join(workspace, 'src/a.txt'), 1_600_000_000, 1_600_000_000);
    linkSync(join(workspace, 'src/a.txt'), join(workspace, 'src/b.txt'));
    symlinkSync('../outside/../run.sh', join(workspace, 'src/link'));
    writeFileSync(join(files.home, '.gitconfig'), '[user]\n');
    const taken = await take();
    expect(taken).toMatchObject({ files: 4, bytes: 5 + 10 + 7, leftOut: [] });
    const to = place();
    await restoreSnapshot(to, taken.root.sha256, blobs());
    const there = (name: string) => join(to.workspace, name);
    expect(readFileSync(there('src/a.txt'), 'utf8')).toBe('alpha');
    expect(readFileSync(there('src/none'))).toHaveLength(0);
    expect(statSync(there('src/a.txt')).mtimeMs).toBe(1_600_000_000_000);
    expect(statSync(there('src/a.txt')).ino).toBe(statSync(there('src/b.txt')).ino);
    expect(statSync(there('run.sh')).mode & 0o777).toBe(0o750);
    expect(statSync(there('src/deep')).mode & 0o777).toBe(0o555);
    expect(existsSync(there('src/deep/empty'))).toBe(true);
    expect(readlinkSync(there('src/link'))).toBe('../outside/../run.sh');
    expect(readFileSync(join(to.home, '.gitconfig'), 'utf8')).toBe('[user]\n');
  });

  it('replaces whatever is in the place where it is restored', async () => {
    write('a.txt', 'one');
    const taken = await take();
    write('a.txt', 'two');
    write('b.txt', 'later');
    mkdirSync(join(workspace, 'closed'));
    chmodSync(join(workspace, 'closed'), 0);
    await restoreSnapshot(files, taken.root.sha256, blobs());
    expect(readFileSync(join(workspace, 'a.txt'), 'utf8')).toBe('one');
    expect(existsSync(join(workspace, 'b.txt'))).toBe(false);
    expect(existsSync(join(workspace, 'closed'))).toBe(false);
  });

  it('stores of a changed workspace what has changed, also within a large file', async () => {
    write('large.db', randomBytes(24 * MIB));
    for (let n = 0; n < 200; n += 1) write(`small-${n}`, randomBytes(2_000));
    await settled();
    const first = await take();
    expect(first.newBytes).toBeGreaterThan(24 * MIB);
    const fd = openSync(join(workspace, 'large.db'), 'r+');
    writeSync(fd, randomBytes(1_000), 0, 1_000, 10 * MIB);
    closeSync(fd);
    write('small-7', 'changed');
    const second = await take(first);
    expect(second.newBytes).toBeLessThan(MIB);
    const [before, after] = [await restored(first), await restored(second)];
    expect(readFileSync(join(after, 'large.db')).equals(readFileSync(join(workspace, 'large.db')))).toBe(true);
    expect(readFileSync(join(before, 'large.db')).equals(readFileSync(join(workspace, 'large.db')))).toBe(false);
    expect(readFileSync(join(after, 'small-7'), 'utf8')).toBe('changed');
  });

  it('stores nothing when nothing has changed, and says the same', async () => {
    write('a.txt', 'alpha');
    await settled();
    const first = await take();
    expect(await take(first)).toMatchObject({ root: first.root, newBytes: 0, files: 1 });
    expect(await take()).toMatchObject({ root: first.root, newBytes: 0 }); // also after a restart, when nothing is known
  });

  it('sees a change that leaves size and time of a file as they were', async () => {
    write('a.txt', 'alpha');
    await settled();
    const first = await take();
    const { atime, mtime } = statSync(join(workspace, 'a.txt'));
    write('a.txt', 'gamma');
    utimesSync(join(workspace, 'a.txt'), atime, mtime);
    const second = await take(first);
    expect(readFileSync(join(await restored(second), 'a.txt'), 'utf8')).toBe('gamma');
  });

  it('sees what is changed right after it was taken', async () => {
    for (let round = 0; round < 20; round += 1) {
      write('a.txt', `round ${round % 10}a`);
      const first = await take();
      write('a.txt', `round ${round % 10}b`);
      const second = await take(first);
      expect(second.root).not.toEqual(first.root);
    }
  });

  it('shares its packs with another one that begins from the same files', async () => {
    const noise = (n: number) =>
      createCipheriv('aes-128-ctr', Buffer.alloc(16, n), Buffer.alloc(16)).update(Buffer.alloc(250_000));
    for (let n = 0; n < 120; n += 1) write(`f${String(n).padStart(3, '0')}`, noise(n));
    const first = await take();
    files = { ...files, ...(await copyOf(files)) };
    workspace = files.workspace;
    write('a-first', 'one more, before all others');
    const second = await take(); // of another run: nothing is known of the first one
    expect(second.newBytes).toBeLessThan(first.newBytes / 2);
  });

  const copyOf = async (from: SandboxFiles) => {
    const to = place();
    execFileSync('cp', ['-a', `${from.workspace}/.`, to.workspace]);
    return Promise.resolve(to);
  };

  describe('of a hostile workspace', () => {
    it('follows no link: what links lead to is not read, and nothing is written through them', async () => {
      const secret = join(directory, 'secret');
      mkdirSync(secret);
      writeFileSync(join(secret, 'key'), 'secret');
      symlinkSync(secret, join(workspace, 'dir'));
      symlinkSync(join(secret, 'key'), join(workspace, 'file'));
      symlinkSync('/dev/zero', join(workspace, 'endless'));
      symlinkSync('.', join(workspace, 'loop'));
      const taken = await take();
      expect(taken).toMatchObject({ files: 0, bytes: 0 });
      const there = await restored(taken);
      expect(lstatSync(join(there, 'dir')).isSymbolicLink()).toBe(true);
      expect(readlinkSync(join(there, 'endless'))).toBe('/dev/zero');
      expect(readFileSync(join(secret, 'key'), 'utf8')).toBe('secret');
    });

    it('leaves out pipes and sockets, without waiting for anybody at their other end', async () => {
      execFileSync('mkfifo', [join(workspace, 'pipe')]);
      write('a.txt', 'alpha');
      expect(await take()).toMatchObject({ files: 1, leftOut: ['workspace/pipe'] });
    });

    it('keeps names that are not text', async () => {
      const name = Buffer.concat([Buffer.from(`${workspace}/`), Buffer.from([0xff, 0x0a, 0xfe, 0x22])]);
      writeFileSync(name, 'odd');
      const there = await restored(await take());
      const back = Buffer.concat([Buffer.from(`${there}/`), Buffer.from([0xff, 0x0a, 0xfe, 0x22])]);
      expect(readFileSync(back, 'utf8')).toBe('odd');
    });

    it('gives no file the right to run as somebody else', async () => {
      write('a.out', 'x');
      chmodSync(join(workspace, 'a.out'), 0o6755);
      const there = await restored(await take());
      expect(statSync(join(there, 'a.out')).mode & 0o7777).toBe(0o755);
    });

    it('takes holes for what they are, on the way in and out', async () => {
      write('sparse', 'head');
      truncateSync(join(workspace, 'sparse'), 64 * MIB);
      appendFileSync(join(workspace, 'sparse'), 'tail');
      const taken = await take();
      expect(taken.newBytes).toBeLessThan(2 * MIB);
      const there = join(await restored(taken), 'sparse');
      expect(statSync(there).size).toBe(64 * MIB + 4);
      expect(statSync(there).blocks * 512).toBeLessThan(2 * MIB);
      expect(readFileSync(there).subarray(-4).toString()).toBe('tail');
    });

    it('is refused when it is too large, too deep or too many, before much is stored', async () => {
      write('sparse', '');
      truncateSync(join(workspace, 'sparse'), 1_000 * MIB);
      await expect(take(undefined, { maxBytes: 100 * MIB })).rejects.toMatchObject({ code: 'SNAPSHOT_TOO_LARGE' });
      mkdirSync(join(workspace, 'd/d/d/d/d/d'), { recursive: true });
      await expect(take(undefined, { maxDepth: 5 })).rejects.toMatchObject({ code: 'SNAPSHOT_TOO_LARGE' });
      for (let n = 0; n < 30; n += 1) write(`n${n}`, '');
      await expect(take(undefined, { maxEntries: 20 })).rejects.toThrow('more than 20 entries');
    });
  });

  it('is not restored when its list was forged to lead out of the sandbox', () => {
    const at = (path: string) =>
      encodeSnapshot({ entries: [{ kind: 'file', path, mode: 0o644, mtimeMs: 0, bytes: 0, pieces: [] }] });
    for (const path of ['workspace/../../etc/passwd', '/etc/passwd', 'etc/x', 'workspace//a', 'home', 'home/./a']) {
      expect(() => decodeSnapshot(at(path))).toThrow('leads out of it');
    }
    expect(() => decodeSnapshot(Buffer.from('no list'))).toThrow('cannot be read');
  });

  it('is not restored when what it is made of is gone or damaged, and says so', async () => {
    write('a.txt', 'alpha');
    const taken = await take();
    await expect(restoreSnapshot(place(), '0'.repeat(64), blobs())).rejects.toMatchObject({ code: 'SNAPSHOT_GONE' });
    const piece = [...taken.known.pieces.values()][0];
    const pack = piece?.pack ?? '';
    writeFileSync(join(directory, 'blobs/snapshots', pack.slice(0, 2), pack), 'omega');
    await expect(restored(taken)).rejects.toMatchObject({ code: 'SNAPSHOT_DAMAGED' });
  });

  it('stores again what a sweep has taken in the meantime', async () => {
    write('a.txt', 'alpha');
    await settled();
    const first = await take();
    const swept = await blobs().sweep({ unusedSince: new Date(Date.now() + 1_000), isNeeded: () => false });
    expect(swept.removed).toBe(2);
    const second = await take(first);
    expect(readFileSync(join(await restored(second), 'a.txt'), 'utf8')).toBe('alpha');
  });
});
