import { RetryableError } from '@runledger/kernel';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RunnerDirectory } from './runner-directory.js';
import { RunnerLateError, RunnerNotStartedError } from './runner-faults.js';
import { launchRunner, type ReadyRunner } from './runner-launch.js';

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
});
