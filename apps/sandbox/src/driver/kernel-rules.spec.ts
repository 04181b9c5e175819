import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endOf } from './call-journal.js';
import { detectControlGroups } from './control-group-detection.js';
import { ControlGroupsV2 } from './control-groups-v2.js';
import { parseStat } from './process-tree.js';
import { testProfile } from './sandbox.fixture.js';
import { seccompFilter } from './seccomp-filter.js';

const ALLOW = 0x7fff0000;
const KILL = 0x80000000;
const eperm = 0x00050001;
const enosys = 0x00050026;

/** Runs a filter as the kernel would. */
function verdict(filter: Buffer, call: { nr: number; arch: number; args?: number[] }): number {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(call.nr >>> 0, 0);
  data.writeUInt32LE(call.arch, 4);
  (call.args ?? []).forEach((value, index) => data.writeUInt32LE(value >>> 0, 16 + index * 8));
  let accumulator = 0;
  for (let at = 0; at * 8 < filter.length; at += 1) {
    const [code, ifTrue, ifFalse] = [filter.readUInt16LE(at * 8), filter[at * 8 + 2]!, filter[at * 8 + 3]!];
    const value = filter.readUInt32LE(at * 8 + 4);
    if (code === 0x06) return value;
    if (code === 0x20) accumulator = data.readUInt32LE(value);
    else if (code === 0x15) at += accumulator === value ? ifTrue : ifFalse;
    else if (code === 0x35) at += accumulator >= value ? ifTrue : ifFalse;
    else if (code === 0x45) at += (accumulator & value) !== 0 ? ifTrue : ifFalse;
    else throw new Error(`The filter has an instruction ${code} that this reader does not know.`);
  }
  throw new Error('The filter ends without a verdict.');
}

describe('the system call filter', () => {
  const x86 = { filter: seccompFilter('x64')!, arch: 0xc000003e };
  const arm = { filter: seccompFilter('arm64')!, arch: 0xc00000b7 };

  it.each([
    ['x86_64', x86, { read: 0, fork: 57, execve: 59, wait4: 61, openat: 257 }],
    ['arm64', arm, { read: 63, execve: 221, wait4: 260, openat: 56 }],
  ])('lets ordinary work through on %s', (_name, { filter, arch }, calls) => {
    for (const nr of Object.values(calls)) expect(verdict(filter, { nr, arch })).toBe(ALLOW);
  });

  it.each([
    ['x86_64', x86, { denied: [165, 166, 155, 272, 308, 101, 321, 250, 425, 323, 175, 246], clone: 56, ioctl: 16 }],
    ['arm64', arm, { denied: [40, 39, 41, 97, 268, 117, 280, 219, 425, 282, 105, 104], clone: 220, ioctl: 29 }],
  ])('refuses what only an attacker needs on %s', (_name, { filter, arch }, { denied, clone, ioctl }) => {
    for (const nr of denied) expect(verdict(filter, { nr, arch })).toBe(eperm);
    expect(verdict(filter, { nr: clone, arch, args: [0x10000011] })).toBe(eperm);
    expect(verdict(filter, { nr: clone, arch, args: [0x11] })).toBe(ALLOW);
    expect(verdict(filter, { nr: 435, arch })).toBe(enosys);
    expect(verdict(filter, { nr: ioctl, arch, args: [0, 0x5412] })).toBe(eperm);
    expect(verdict(filter, { nr: ioctl, arch, args: [0, 0x5413] })).toBe(ALLOW);
  });

  it('kills a program that uses the calls of another architecture, and refuses x32', () => {
    expect(verdict(x86.filter, { nr: 0, arch: 0x40000003 })).toBe(KILL);
    expect(verdict(arm.filter, { nr: 0, arch: 0xc000003e })).toBe(KILL);
    expect(verdict(x86.filter, { nr: 0x40000000 | 165, arch: x86.arch })).toBe(enosys);
  });

  it('says honestly that it has none for another processor', () => {
    expect(seccompFilter('s390x')).toBeUndefined();
  });
});

describe('control groups', () => {
  let mount: string;
  const read = (path: string) => readFileSync(join(mount, path), 'utf8');
  beforeEach(() => (mount = mkdtempSync(join(tmpdir(), 'runledger-groups-'))));
  afterEach(() => rmSync(mount, { recursive: true }));

  it('of version 2 carry the limits on the sandbox and keep one leaf per call', async () => {
    const { limits } = testProfile({ limits: { memoryBytes: 1_000_000, pids: 17, cpuPercent: 150 } });
    const sandbox = new ControlGroupsV2(join(mount, 'service')).sandbox('run-1', limits);
    expect(read('service/cgroup.subtree_control')).toBe('+memory +pids +cpu');
    expect(read('service/run-1/memory.max')).toBe('1000000');
    expect(read('service/run-1/pids.max')).toBe('17');
    expect(read('service/run-1/cpu.max')).toBe('150000 100000');
    const call = sandbox.call('call-1');
    await call.prepare();
    expect(call.joinPaths).toEqual([join(mount, 'service/run-1/call-1/cgroup.procs')]);
    expect(call.oomKills()).toBe(0);
    writeFileSync(join(mount, 'service/run-1/call-1/memory.events'), 'low 0\noom 3\noom_kill 2\noom_group_kill 0\n');
    expect(call.oomKills()).toBe(2);
    sandbox.freeze();
    expect(read('service/run-1/cgroup.freeze')).toBe('1');
    sandbox.thaw();
    expect(read('service/run-1/cgroup.freeze')).toBe('0');
  });

  it('are taken in version 2 where the top hands down what is needed, else beside the own group', () => {
    const membership = '0::/user.slice/me/app.service\n';
    writeFileSync(join(mount, 'cgroup.controllers'), 'cpu memory pids\n');
    writeFileSync(join(mount, 'cgroup.subtree_control'), 'memory pids\n');
    expect(detectControlGroups('svc', { mount, membership })).toBeUndefined();
    mkdirSync(join(mount, 'user.slice/me/app.service'), { recursive: true });
    writeFileSync(join(mount, 'user.slice/me/cgroup.subtree_control'), 'cpu memory pids\n');
    expect(detectControlGroups('svc', { mount, membership })?.version).toBe(2);
    writeFileSync(join(mount, 'cgroup.subtree_control'), 'cpu io memory pids\n');
    expect(detectControlGroups('svc', { mount, membership })?.version).toBe(2);
  });

  it('are taken in version 1 when every controller is there, below the own group', () => {
    const membership = '5:cpu,cpuacct:/\n4:memory:/mine\n3:pids:/\n2:freezer:/\n';
    for (const group of ['cpu', 'memory', 'memory/mine', 'pids', 'freezer']) {
      mkdirSync(join(mount, group), { recursive: true });
      writeFileSync(join(mount, group, 'cgroup.procs'), '');
    }
    expect(detectControlGroups('svc', { mount, membership })).toBeUndefined();
    writeFileSync(join(mount, 'cpu/cpu.cfs_quota_us'), '-1');
    const found = detectControlGroups('svc', { mount, membership });
    expect(found?.version).toBe(1);
    const { limits } = testProfile();
    const [memory] = found!.sandbox('run-1', limits).call('call').joinPaths;
    expect(memory).toBe(join(mount, 'memory/mine/svc/run-1/call/cgroup.procs'));
  });

  it('are not claimed where there are none', () => {
    expect(detectControlGroups('svc', { mount, membership: '' })).toBeUndefined();
  });
});

describe('the end of a call', () => {
  const facts = { stopped: undefined, exitCode: 0, oomKills: 0, overLimit: false };
  it.each([
    ['its own exit code', { exitCode: 3 }, { why: 'exit', exitCode: 3 }],
    [
      'the reason for which it was stopped, whatever else happened',
      { stopped: 'timeout', exitCode: 137, oomKills: 1 },
      { why: 'timeout', exitCode: 137 },
    ],
    ['too much output', { overLimit: true }, { why: 'output-limit', exitCode: 0 }],
    ['want of memory, when it failed', { oomKills: 1, exitCode: 2 }, { why: 'oom', exitCode: 2 }],
    ['success, when it bore the want of memory', { oomKills: 1 }, { why: 'exit', exitCode: 0 }],
    [
      'want of memory, when even its launcher was killed',
      { oomKills: 1, exitCode: undefined },
      { why: 'oom', exitCode: 137 },
    ],
    ['nothing, when it was neither ended nor stopped', { exitCode: undefined }, undefined],
  ] as const)('is %s', (_what, more, end) => {
    expect(endOf({ ...facts, ...more })).toEqual(end);
  });
});

describe('a line of /proc/<pid>/stat', () => {
  it('is read rightly although a program may choose its own name', () => {
    const line = `4711 (a) R 1 b) S 12 4711 4711 0 -1 4194304 102 0 0 0 0 0 0 0 20 0 1 0 227070 265 393`;
    expect(parseStat(line)).toEqual({ pid: 4711, state: 'S', parent: 12, startTicks: '227070' });
    const own = parseStat(execFileSync('cat', [`/proc/${process.pid}/stat`]).toString());
    expect(own?.pid).toBe(process.pid);
    expect(parseStat('')).toBeUndefined();
  });
});
