import { RetryableError } from '@runledger/kernel';
import { eventually } from '@runledger/testing';
import { jest } from '@jest/globals';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RunnerDirectory } from './runner-directory.js';
import { RunnerLateError, RunnerNotStartedError } from './runner-faults.js';
import { launchRunner, runnerProgram, type ReadyRunner } from './runner-launch.js';
import { RunnerStart } from './runner-start.js';

let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'runledger-runner-launch-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** Starts what the source says in the place of a runner. */
function launch(source: string, readyWithinMs = 30_000): Promise<ReadyRunner> {
  const main = join(home, 'main.mjs');
  writeFileSync(main, source);
  return launchRunner(directory(), { main, environment: {}, readyWithinMs });
}

const directory = () => new RunnerDirectory(join(home, 'runner'));

describe('a runner that is started', () => {
  it('is ready when it says so, and goes when it is not needed', async () => {
    const runner = await launch(`process.stdout.write('ready\\n'); process.stdin.resume();`);
    expect(existsSync(runner.directory.path)).toBe(true);
    await runner.dismiss();
    expect(existsSync(runner.directory.path)).toBe(false);
  });

  it('fails for good with what it said when it ends before it is ready', async () => {
    const failing = launch(`console.error('no such module'); process.exit(3);`);
    await expect(failing).rejects.toThrow(RunnerNotStartedError);
    await expect(failing).rejects.toThrow(/exit code 3.*no such module/s);
    expect(existsSync(directory().path)).toBe(false);
  });

  it('is ended and may be tried again when the machine is too busy for it to get ready', async () => {
    const silent = launch(`process.stdin.resume();`, 300);
    await expect(silent).rejects.toThrow(RunnerLateError);
    await expect(silent).rejects.toBeInstanceOf(RetryableError);
    expect(existsSync(directory().path)).toBe(false);
  });

  it('starts from a snapshot of the memory of one that has loaded everything', async () => {
    const { snapshot } = runnerProgram();
    expect(snapshot).toMatch(/\.blob$/);
    const runner = await launchRunner(directory(), { ...runnerProgram(), environment: {} });
    expect(readFileSync(`/proc/${pidOf(runner)}/cmdline`, 'utf8')).toContain(snapshot);
    const pid = pidOf(runner);
    runner.directory.remove(); // it looks from time to time: its timers fire
    await eventually(() => !existsSync(`/proc/${pid}`));
    await runner.dismiss();
  });

  it('starts without its snapshot where that is of no use, from then on', async () => {
    const warned = jest.spyOn(process, 'emitWarning').mockReturnValue();
    const snapshot = join(home, 'of-another-machine.blob');
    writeFileSync(snapshot, 'Made elsewhere.');
    const start = new RunnerStart({ ...runnerProgram(), snapshot, environment: {} });
    for (let n = 0; n < 2; n += 1) await (await start.launch(directory())).dismiss();
    expect(warned).toHaveBeenCalledTimes(1);
    expect(warned).toHaveBeenCalledWith(expect.stringContaining('startup snapshot is of no use'));
  });
});

function pidOf({ directory }: ReadyRunner): number {
  return (JSON.parse(readFileSync(`${directory.path}/runner.json`, 'utf8')) as { pid: number }).pid;
}
