import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { ownGroupFile } from './joining-ahead.js';

describe('the group that a process may join without leaving one', () => {
  let mount: string;

  beforeEach(() => (mount = mkdtempSync(`${tmpdir()}/runledger-groups-`)));
  afterEach(() => rmSync(mount, { recursive: true }));

  const group = (path: string, members: string) => {
    mkdirSync(`${mount}${path}`, { recursive: true });
    writeFileSync(`${mount}${path}/cgroup.procs`, members);
  };

  it('is the one that lists it, in either version', () => {
    group('/freezer/service', '7\n42\n');
    expect(ownGroupFile(42, { mount, membership: '8:pids:/\n6:freezer:/service\n0::/\n' })).toBe(
      `${mount}/freezer/service/cgroup.procs`,
    );
    group('', '42\n');
    expect(ownGroupFile(42, { mount, membership: '0::/\n' })).toBe(`${mount}/cgroup.procs`);
  });

  it('is not one that has the right name and does not list it', () => {
    group('/freezer', '7\n142\n');
    expect(ownGroupFile(42, { mount, membership: '6:freezer:/\n' })).toBeUndefined();
  });

  it('is none where nothing can be read', () => {
    expect(ownGroupFile(42, { mount, membership: '6:freezer:/service\n0::/service\n' })).toBeUndefined();
    expect(ownGroupFile(42, { mount, membership: '' })).toBeUndefined();
  });
});
