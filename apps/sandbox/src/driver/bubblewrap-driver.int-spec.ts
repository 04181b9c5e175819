import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { LocalSandbox } from './local-sandbox.js';
import { SandboxGround } from './sandbox.fixture.js';

describe('a call in a bubblewrap sandbox', () => {
  const ground = new SandboxGround();
  let sandbox: LocalSandbox;
  beforeAll(async () => {
    await ground.driver.selfTest();
    sandbox = await ground.open();
  });
  afterAll(() => ground.giveBack());

  it('runs a program and tells what it printed and how it ended', async () => {
    expect(sandbox.fresh).toBe(true);
    const result = await ground.sh(sandbox, 'echo out; echo err >&2; echo named >/dev/stderr; pwd; exit 3');
    expect(result).toMatchObject({
      why: 'exit',
      exitCode: 3,
      replayed: false,
      stdout: 'out\n/workspace\n',
      stderr: 'err\nnamed\n',
    });
  });

  it('reads its standard input, its arguments, its environment and its working directory', async () => {
    const result = await ground.sh(sandbox, 'mkdir -p deep; cd deep; read line; echo "$line $WHO $PROFILE"', {
      stdin: Buffer.from('hello\n'),
      env: { WHO: 'you' },
    });
    expect(result.stdout).toBe('hello you \n');
    const inside = await ground.sh(sandbox, 'pwd', { cwd: '/workspace/deep' });
    expect(inside.stdout).toBe('/workspace/deep\n');
  });

  it('keeps its workspace and its home from call to call, and has node and git', async () => {
    await ground.sh(
      sandbox,
      'echo kept > file; git config --global x.y z; git init -q repo; cd repo; echo a > a; git add a; git commit -qm a',
    );
    const result = await ground.sh(
      sandbox,
      'cat file; git config x.y; git -C repo log --format=%an; node -p 6*7; command -v node',
    );
    expect(result.stdout).toBe('kept\nz\nAgent\n42\n/opt/node/bin/node\n');
  });

  it('tells a program that is not there by exit code 127', async () => {
    const result = await ground.sh(sandbox, '', { argv: ['no-such-program'] });
    expect(result).toMatchObject({ why: 'exit', exitCode: 127 });
  });

  it('takes a program that shares its name with a shell command for the program', async () => {
    const result = await ground.sh(sandbox, '', { argv: ['exit', '0'] });
    expect(result.exitCode).toBe(127);
  });

  it('tells a program that died of a signal by 128 and its number', async () => {
    expect((await ground.sh(sandbox, 'kill -SEGV $$')).exitCode).toBe(139);
  });

  describe('cannot get out', () => {
    it('cannot write core_pattern, also not from a nested user namespace', async () => {
      const before = readFileSync('/proc/sys/kernel/core_pattern', 'utf8');
      const write = `printf %s "$(cat /proc/sys/kernel/core_pattern)" > /proc/sys/kernel/core_pattern`;
      expect((await ground.sh(sandbox, write)).stderr).toContain('Permission denied');
      expect((await ground.sh(sandbox, `unshare -Urm bash -c '${write}'`)).exitCode).not.toBe(0);
      expect(readFileSync('/proc/sys/kernel/core_pattern', 'utf8')).toBe(before);
    });

    it('finds in /proc/1/environ and its own environment only what the call was given', async () => {
      process.env.RUNLEDGER_SECRET_CANARY = 'canary-in-the-service';
      const result = await ground.sh(sandbox, `cat /proc/*/environ | tr '\\0' '\\n'; env`, { env: { GIVEN: 'yes' } });
      delete process.env.RUNLEDGER_SECRET_CANARY;
      expect(result.stdout).toContain('GIVEN=yes');
      expect(result.stdout).not.toContain('canary');
      expect(result.stdout).not.toContain(process.env.PATH);
    });

    it('finds in no command line a path of the host or a value of the environment', async () => {
      const result = await ground.sh(sandbox, `cat /proc/*/cmdline | tr '\\0' ' '`, { env: { TOKEN: 's3cret-value' } });
      expect(result.stdout).toContain('init');
      expect(result.stdout).not.toContain(ground.homeDir);
      expect(result.stdout).not.toContain('s3cret-value');
    });

    it('sees neither /root nor the homes, the processes or the loopback of the host', async () => {
      const server = createServer((_request, response) => response.end('host')).listen(0, '127.0.0.1');
      await new Promise(resolve => server.once('listening', resolve));
      const { port } = server.address() as AddressInfo;
      const result = await ground.sh(
        sandbox,
        `ls / /home; ls -d /proc/[0-9]* | wc -l; (exec 3<>/dev/tcp/127.0.0.1/${port}) 2>&1 && echo CONNECTED; grep -c : /proc/net/dev`,
      );
      await new Promise(resolve => server.close(resolve));
      const words = result.stdout.split(/\s+/);
      for (const hidden of ['root', 'work', 'sys', 'boot', 'CONNECTED']) expect(words).not.toContain(hidden);
      expect(result.stdout).toMatch(/Connection refused/);
      expect(result.stdout).toMatch(/\n1\n$/);
    });

    it('reads through a symbolic link only what is inside', async () => {
      const secret = join(ground.homeDir, '..', 'host-secret');
      writeFileSync(secret, 'host secret');
      symlinkSync(secret, join(ground.homeDir, sandbox.runId, 'workspace', 'innocent.txt'));
      const result = await ground.sh(
        sandbox,
        'cat innocent.txt; ln -s /root/.bashrc x; cat x; ln -s /etc/shadow y; cat y',
      );
      expect(result.stdout).toBe('');
      expect(result.stderr.match(/No such file/g)).toHaveLength(3);
    });

    it('cannot nest user namespaces', async () => {
      const result = await ground.sh(sandbox, 'unshare -U true; unshare -r true; unshare -m true');
      expect(result.exitCode).not.toBe(0);
    });

    it('gets EPERM from system calls that only an attacker needs', async () => {
      const script = `
        use strict; my %calls = (mount => 165, umount2 => 166, unshare => 272, setns => 308, ptrace => 101, bpf => 321,
          keyctl => 250, io_uring_setup => 425, userfaultfd => 323, process_vm_readv => 310, perf_event_open => 298);
        for (sort keys %calls) { my $r = syscall($calls{$_}, 0, 0, 0, 0, 0, 0); print "$_ $r ", $!+0, "\\n"; }
        $! = 0; syscall(56, 0x10000000 | 17, 0, 0, 0, 0); print "clone-newuser ", $!+0, "\\n";
        $! = 0; syscall(435, 0, 0); print "clone3 ", $!+0, "\\n";
        $! = 0; my $c = "x"; syscall(16, 0, 0x5412, $c); print "tiocsti ", $!+0, "\\n";`;
      const result = await ground.sh(sandbox, '', { argv: ['perl', '-e', script] });
      const lines = result.stdout.trim().split('\n');
      expect(lines.filter(line => line.endsWith('-1 1'))).toHaveLength(11);
      expect(lines).toEqual(expect.arrayContaining(['clone-newuser 1', 'clone3 38', 'tiocsti 1']));
    });

    it('inherits no descriptor, not even one that the service inherited itself', async () => {
      const result = await ground.sh(
        sandbox,
        'for f in /proc/self/fd/*; do readlink $f; done; ls /proc/self/fd | wc -l',
      );
      const leaks = result.stdout.split('\n').filter(line => line.startsWith('/') && !/^\/(dev\/null|proc)/.test(line));
      expect(leaks).toEqual([]);
      expect(result.stdout.match(/pipe:/g)?.length).toBeLessThanOrEqual(3);
    });

    it('cannot write to the system, to /dev or to the root', async () => {
      const result = await ground.sh(
        sandbox,
        'touch /usr/x; touch /etc/x; touch /dev/x; touch /x; touch /opt/node/bin/node',
      );
      expect(result.stderr.match(/touch: /g)).toHaveLength(5);
    });

    it('cannot reach its own journal', async () => {
      const result = await ground.sh(
        sandbox,
        'ls -a /workspace/.. /home; find / -xdev -name exit.json; find /workspace /home /tmp /opt -name exit.json 2>/dev/null',
      );
      expect(result.stdout).not.toMatch(/journal|exit\.json|meta\.json/);
    });
  });
});
