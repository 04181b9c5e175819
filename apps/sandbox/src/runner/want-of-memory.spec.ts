import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { killsForMemory, saysHeapIsFull } from './want-of-memory.js';

describe('want of memory', () => {
  let mount: string;
  beforeEach(() => {
    mount = mkdtempSync(join(tmpdir(), 'runledger-memory-'));
  });
  afterEach(() => rmSync(mount, { recursive: true }));

  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(mount, path)), { recursive: true });
    writeFileSync(join(mount, path), text);
  };

  it('is read from what this Node.js says when its heap is full', () => {
    const fill = 'const all = []; for (;;) all.push(new Array(100_000).fill(Math.random()));';
    const { stderr } = spawnSync(process.execPath, ['--max-old-space-size=16', '-e', fill], { encoding: 'utf8' });
    write('log', stderr);
    expect(saysHeapIsFull(join(mount, 'log'))).toBe(true);
  });

  it('is not read from other last words, or from none', () => {
    write('log', 'Error: read ECONNRESET');
    expect(saysHeapIsFull(join(mount, 'log'))).toBe(false);
    expect(saysHeapIsFull(join(mount, 'no such log'))).toBe(false);
  });

  it('is counted where the kernel counts it for the group of this process alone', () => {
    write('service/memory.events.local', 'oom 3\noom_kill 2\noom_group_kill 0\n');
    write('service/memory.events', 'oom 9\noom_kill 9\n');
    expect(killsForMemory({ mount, membership: '0::/service\n' })).toBe(2);
  });

  it('is counted in a container, which sees its own group as the top one', () => {
    write('memory.events.local', 'oom_kill 1\n');
    expect(killsForMemory({ mount, membership: '0::/docker/4f1c\n' })).toBe(1);
  });

  it('is counted with version 1 of control groups', () => {
    write('memory/service/memory.oom_control', 'oom_kill_disable 0\nunder_oom 0\noom_kill 4\n');
    expect(killsForMemory({ mount, membership: '4:memory:/service\n0::/\n' })).toBe(4);
  });

  it('is nothing where the machine does not say', () => {
    expect(killsForMemory({ mount, membership: '' })).toBe(0);
  });
});
