import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { mayHold } from './outside-look.js';

describe('a look at a workspace from outside', () => {
  let workspace: string;

  beforeEach(() => (workspace = mkdtempSync(`${tmpdir()}/runledger-look-`)));
  afterEach(() => rmSync(workspace, { recursive: true, force: true }));

  const look = (path: string, mounted: string[] = []) =>
    mayHold({ workspace, workspacePath: '/workspace', mounted }, path);

  it('is sure that nothing is there when file or directory is missing', async () => {
    mkdirSync(`${workspace}/made`);
    expect(await look('/workspace/made/result.json')).toBe(false);
    expect(await look('/workspace/never/made/result.json')).toBe(false);
  });

  it('leaves a file to be looked at from inside', async () => {
    mkdirSync(`${workspace}/made`);
    writeFileSync(`${workspace}/made/result.json`, '{}');
    expect(await look('/workspace/made/result.json')).toBe(true);
  });

  it('follows no link, and so is never sure behind one', async () => {
    symlinkSync('/workspace/elsewhere', `${workspace}/link`);
    symlinkSync('/workspace/elsewhere.json', `${workspace}/result.json`);
    expect(await look('/workspace/link/result.json')).toBe(true);
    expect(await look('/workspace/result.json')).toBe(true);
  });

  it('is never sure of what lies outside the workspace or in a mount', async () => {
    expect(await look('/tmp/result.json')).toBe(true);
    expect(await look('/workspace/shared/result.json', ['/workspace/shared'])).toBe(true);
    expect(await look('/workspace/shared-not/result.json', ['/workspace/shared'])).toBe(false);
  });
});
