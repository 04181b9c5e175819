import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MembersFile } from './members-file.js';

describe('the list of a cluster’s processes', () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'runledger-members-'));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  const member = (pid: number) => ({ service: 'audit', replica: 1, pid, internalUrl: 'http://127.0.0.1:20000' });

  it('says who lives, for people and programs, and goes with the cluster', async () => {
    const file = new MembersFile(home);
    await Promise.all([file.write([]), file.write([member(process.pid)])]);
    const { supervisor, members } = JSON.parse(readFileSync(join(home, 'cluster.json'), 'utf8')) as {
      supervisor: number;
      members: unknown[];
    };
    expect([supervisor, members]).toMatchObject([process.pid, [member(process.pid)]]);
    await file.remove();
    expect(existsSync(join(home, 'cluster.json'))).toBe(false);
  });

  it('lets the next supervisor wait for processes of one that was killed', async () => {
    const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 3_000)'], { stdio: 'ignore' });
    const ended = once(child, 'exit');
    await new MembersFile(home).write([member(child.pid ?? 0)]);
    expect(await new MembersFile(home).clear()).toBe(1);
    await ended;
    expect([child.exitCode, child.signalCode]).toEqual([0, null]);
    expect(await new MembersFile(home).clear()).toBe(0);
  });
});
