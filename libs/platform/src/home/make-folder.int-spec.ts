import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeFolder } from './make-folder.js';

describe('a folder of the platform', () => {
  const root = mkdtempSync(join(tmpdir(), 'runledger-folder-'));
  afterAll(() => rmSync(root, { recursive: true }));
  const modeOf = (path: string) => statSync(path).mode & 0o777;

  it('is made with those above it, for its owner alone, by whoever comes first', async () => {
    const path = join(root, 'a', 'b', 'c');
    await Promise.all([makeFolder(path), makeFolder(path), makeFolder(join(root, 'a', 'b', 'd'))]);
    expect(['a', 'a/b', 'a/b/c', 'a/b/d'].map(name => modeOf(join(root, name)))).toEqual([0o700, 0o700, 0o700, 0o700]);
  });

  it('stays as it is when it is there', async () => {
    await makeFolder(tmpdir());
    await makeFolder('/');
    expect(modeOf('/')).not.toBe(0o700);
  });

  it('is refused with what to do where there can be none', async () => {
    for (const path of ['/proc/nowhere', '/proc/nowhere/below', '/proc/1/nowhere'])
      await expect(makeFolder(path)).rejects.toMatchObject({
        code: 'FOLDER_NOT_MADE',
        message: expect.stringMatching(/^No folder can be made at \/proc\/.*Name another place\.$/) as string,
      });
  });

  it('is not made where a file is', async () => {
    const file = join(root, 'file');
    writeFileSync(file, '');
    await expect(makeFolder(file)).rejects.toMatchObject({ code: 'EEXIST', path: file });
    await expect(makeFolder(join(file, 'x'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });
});
