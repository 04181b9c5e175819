import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@runledger/testing';
import { lockHome } from './home-lock.js';

const compiled = new URL('../../dist/home/home-lock.js', import.meta.url).href;

describe('a home folder', () => {
  let home: string;
  let children: ChildProcess[] = [];

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'runledger-home-'));
  });

  afterEach(async () => {
    await Promise.all(
      children.filter(child => child.exitCode === null && child.signalCode === null).map(child => killed(child)),
    );
    children = [];
    rmSync(home, { recursive: true, force: true });
  });

  /** Another platform; answers `locked`, or the code of its error. */
  async function otherPlatform(): Promise<{ child: ChildProcess; answer: string }> {
    const program = `
      const { lockHome } = await import(${JSON.stringify(compiled)});
      const answer = await lockHome(${JSON.stringify(home)}).then(() => 'locked', error => error.code);
      console.log(answer);
      setInterval(() => {}, 1000);
    `;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    const [answer] = (await once(child.stdout, 'data')) as [Buffer];
    return { child, answer: answer.toString().trim() };
  }

  async function killed(child: ChildProcess): Promise<void> {
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  it('belongs to one platform at a time; the second is told who has it', async () => {
    const { child, answer } = await otherPlatform();
    expect(answer).toBe('locked');
    await expect(lockHome(home)).rejects.toMatchObject({ code: 'HOME_IN_USE', fields: { pid: child.pid } });
  });

  it('that is a file, or lies where no folder can be made, is refused with what to do', async () => {
    const file = join(home, 'file');
    writeFileSync(file, '');
    for (const unusable of [file, join(file, 'below'), '/proc/runledger/home'])
      await expect(lockHome(unusable)).rejects.toMatchObject({
        code: 'HOME_UNUSABLE',
        message: expect.stringMatching(
          /^The data directory \/.* cannot be used: E[A-Z]+: .*set RUNLEDGER_HOME to another/,
        ),
      });
  });

  it('is made with all above it, for its owner alone', async () => {
    const deep = join(home, 'some', 'where');
    await (await lockHome(deep)).release();
    expect([deep, join(home, 'some')].map(path => statSync(path).mode & 0o777)).toEqual([0o700, 0o700]);
  });

  it('goes to exactly one of many that start together', async () => {
    const others = await Promise.all(Array.from({ length: 5 }, () => otherPlatform()));
    expect(others.map(other => other.answer).sort()).toEqual([...Array<string>(4).fill('HOME_IN_USE'), 'locked']);
  });

  it('is free again after release, and after its platform was killed', async () => {
    await (await lockHome(home)).release();
    const { child, answer } = await otherPlatform();
    expect(answer).toBe('locked');
    await killed(child);
    await (await lockHome(home)).release();
    expect(readdirSync(join(home, 'lock'))).toEqual([]);
  });

  it('is free when its platform is dead but nobody has buried it yet', async () => {
    // The middle process locks through a grandchild that dies while its parent is stopped: a zombie.
    const program = `
      const { spawn } = require('node:child_process');
      const inner = "import(${JSON.stringify(compiled).replaceAll('"', "'")}).then(m => m.lockHome(" +
        ${JSON.stringify(JSON.stringify(home))} + ")).then(() => console.log('locked ' + process.pid)); setInterval(() => {}, 1000)";
      spawn(process.execPath, ['-e', inner], { stdio: ['ignore', 'inherit', 'inherit'] });
    `;
    const middle = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(middle);
    const [line] = (await once(middle.stdout, 'data')) as [Buffer];
    middle.kill('SIGSTOP');
    process.kill(Number(line.toString().split(' ')[1]), 'SIGKILL');
    const lock = await eventually(() => lockHome(home));
    await lock.release();
  });
});
