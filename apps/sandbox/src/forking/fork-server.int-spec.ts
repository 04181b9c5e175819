import { compileProject, eventually } from '@runledger/testing';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identityOf, isAlive } from '../driver/process-tree.js';
import { forkHere } from './fork-here.js';
import { ForkServer } from './fork-server.js';
import { runWell } from './commands.js';
import type { ForkOrder } from './forks.js';

let folder: string;

beforeAll(() => {
  compileProject('apps/sandbox');
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runledger-forks-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A shell; descriptor 3 is a file that it writes to, and 4 is held for it. */
const shell = (name: string, script: string, given: Partial<ForkOrder> = {}): ForkOrder => ({
  ...{ program: '/bin/sh', argv: ['-c', script], env: { NAME: name }, cwd: folder },
  descriptors: [
    { open: '/dev/null', flags: 'r' },
    ...(['ignore', 'ignore'] as const),
    { open: join(folder, name), flags: 'a' },
    'held',
  ],
  ...given,
});
const written = (name: string) => (existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8') : '');
const isThere = (pid: number) => {
  const known = identityOf(pid);
  return known !== undefined && isAlive(known);
};
const PARENT = 'read -r pid name state parent rest </proc/self/stat; echo $parent';

describe.each([
  ['this process itself', forkHere],
  ['a fork server', new ForkServer()],
])('processes that are started by %s', (_who, forks) => {
  it('have the environment, directory and descriptors that they are given, and no others', async () => {
    const hidden = join(folder, 'hidden');
    const script = 'env | grep -v -e "^_=" -e "^OLDPWD=" >&3; cat <&5 >&3';
    const order = shell('given', script);
    const content = Buffer.from('for its eyes only\n');
    const forked = forks.start({ ...order, descriptors: [...order.descriptors, { hidden, content }] });
    await forked.exited;
    const lines = written('given').trim().split('\n');
    expect(lines.sort()).toEqual(['NAME=given', `PWD=${folder}`, 'for its eyes only'].sort());
    expect(existsSync(hidden)).toBe(false);
  });

  it('learn by the pipe that is held for them that they are let go', async () => {
    const forked = forks.start(shell('let-go', 'read -r line <&4; echo let go >&3'));
    await eventually(() => expect(forked.pid).toBeGreaterThan(0));
    expect(written('let-go')).toBe('');
    forked.letGo();
    await forked.exited;
    expect(written('let-go')).toBe('let go\n');
    forked.letGo();
  });

  it('leave nobody behind who still waits to be let go, when they are killed', async () => {
    const forked = forks.start(shell('left', '{ read -r line <&4; echo let go >&3; } & echo on >&3; wait'));
    // The server's word of who it is may come after its first own.
    await eventually(() => expect([written('left'), forked.pid]).toEqual(['on\n', expect.any(Number)]));
    process.kill(forked.pid!, 'SIGKILL');
    await forked.exited;
    forked.letGo();
    await eventually(() => expect(written('left')).toBe('on\nlet go\n'));
  });

  it('read what they are fed', async () => {
    const { Readable } = await import('node:stream');
    const order = shell('fed', 'cat >&3');
    const descriptors = ['fed' as const, ...order.descriptors.slice(1)];
    await forks.start({ ...order, descriptors }, Readable.from(['one ', 'two'])).exited;
    expect(written('fed')).toBe('one two');
  });

  it('say why they could not be started', async () => {
    const none = forks.start(shell('none', '', { program: '/no/such/program' }));
    await expect(none.exited).rejects.toMatchObject({ code: 'ENOENT' });
    const descriptors = [{ open: '/no/such/file', flags: 'r' as const }];
    const start = async () => forks.start(shell('none', '', { descriptors })).exited;
    await expect(start()).rejects.toThrow('/no/such/file');
    await expect(forks.run('/no/such/program', [])).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('are waited for, and tell how they ended', async () => {
    const ran = await forks.run('/bin/sh', ['-c', 'echo out; echo complaint >&2; exit 3']);
    expect(ran).toEqual({ code: 3, stdout: 'out\n', stderr: 'complaint\n' });
    expect(await forks.run('/bin/sh', ['-c', 'kill -9 $$'])).toMatchObject({ code: null });
    await runWell(forks, '/bin/true', []);
    await expect(runWell(forks, 'rm', [join(folder, 'nothing')])).rejects.toThrow(/rm ended with 1: .*nothing/);
  });

  it('are killed when they take longer than they may, and nobody waits for what they leave', async () => {
    const pids = join(folder, 'pids');
    const script = `sleep 600 & echo $! $$ >${pids}; wait`; // whoever is left has the output open
    const stalled = { code: 'ETIMEDOUT', message: '/bin/sh did not end within 2000 ms' };
    await expect(forks.run('/bin/sh', ['-c', script], 2_000)).rejects.toMatchObject(stalled);
    const [left, shell] = readFileSync(pids, 'utf8').trim().split(' ').map(Number) as [number, number];
    await eventually(() => expect([left, shell].map(isThere)).toEqual([true, false]));
    process.kill(left);
    expect(await forks.run('/bin/echo', ['on'], 60_000)).toMatchObject({ stdout: 'on\n' });
  });
});

describe('a fork server', () => {
  const forks = new ForkServer();
  const parentOf = async () => Number((await forks.run('/bin/sh', ['-c', PARENT])).stdout);

  it('is one process for all that is asked of it', async () => {
    const [one, other] = [await parentOf(), await parentOf()];
    expect(one).toBe(other);
    expect(one).not.toBe(process.pid);
  });

  it('takes what it started with it when it is killed, and another takes its place', async () => {
    const forked = forks.start(shell('killed', 'echo on >&3; read -r line <&4; echo off >&3'));
    const server = await parentOf();
    const never = forks.run('/bin/sleep', ['2']);
    await eventually(() => expect(written('killed')).toBe('on\n'));
    process.kill(server, 'SIGKILL');
    await expect(never).rejects.toThrow('the process that starts others ended with SIGKILL');
    await forked.exited;
    expect(written('killed')).toBe('on\noff\n');
    expect(isThere(forked.pid!)).toBe(false);
    expect(await parentOf()).not.toBe(server);
  });

  it('stays when it is asked to end, as its whole group may be, and goes with the process that uses it', async () => {
    const main = join(folder, 'service.mjs');
    const compiled = new URL('../../dist/forking/fork-server.js', import.meta.url).href;
    writeFileSync(
      main,
      `import { ForkServer } from ${JSON.stringify(compiled)};
       const forks = new ForkServer();
       forks.start(${JSON.stringify(shell('orphan', 'echo on >&3; read -r line <&4; echo off >&3'))});
       const server = Number((await forks.run('/bin/sh', ['-c', ${JSON.stringify(PARENT)}])).stdout);
       process.kill(server, 'SIGTERM');
       await forks.run('/bin/true', []);
       process.send(server);
       setInterval(() => undefined, 1_000);`,
    );
    const service = spawn(process.execPath, [main], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const [server] = (await once(service, 'message')) as [number];
    expect(isThere(server)).toBe(true);
    await eventually(() => expect(written('orphan')).toBe('on\n'));
    service.kill('SIGKILL');
    await eventually(() => expect(written('orphan')).toBe('on\noff\n'));
    await eventually(() => expect(isThere(server)).toBe(false));
  });

  it('passes on nothing of what its service inherited', async () => {
    const main = join(folder, 'heir.mjs');
    const [server, here] = ['fork-server.js', 'fork-here.js'].map(
      name => new URL(`../../dist/forking/${name}`, import.meta.url).href,
    );
    const order = (name: string) => JSON.stringify(shell(name, 'readlink /proc/self/fd/40 >&3 || echo none >&3'));
    writeFileSync(
      main,
      `import { ForkServer } from ${JSON.stringify(server)};
       import { forkHere } from ${JSON.stringify(here)};
       await forkHere.start(${order('heir-here')}).exited;
       await new ForkServer().start(${order('heir-there')}).exited;`,
    );
    const secret = openSync('/etc/hostname', 'r');
    const stdio = Array.from({ length: 41 }, (_, index) => (index === 40 ? secret : ('ignore' as const)));
    const heir = spawn(process.execPath, [main], { stdio });
    closeSync(secret);
    await once(heir, 'exit');
    expect([written('heir-here'), written('heir-there')]).toEqual(['/dev/null\n', '/dev/null\n']);
  });

  it('keeps no process alive that waits for nothing', async () => {
    const main = join(folder, 'short.mjs');
    const compiled = new URL('../../dist/forking/fork-server.js', import.meta.url).href;
    writeFileSync(
      main,
      `import { ForkServer } from ${JSON.stringify(compiled)};
       console.log((await new ForkServer().run('/bin/echo', ['heard'])).stdout.trim());`,
    );
    expect((await forks.run(process.execPath, [main])).stdout).toBe('heard\n');
  });
});
