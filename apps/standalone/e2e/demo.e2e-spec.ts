import { jest } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@runledger/testing';
import { describeWith } from './machine.fixture.js';
import { argumentsOf, build, ofThisRun, PATIENCE_MS, TemporaryHome } from './platform-process.fixture.js';

jest.setTimeout(PATIENCE_MS);

interface Step {
  readonly key: string;
}

describeWith('bwrap')('npm run demo -- --json (needs bwrap)', () => {
  beforeAll(build, PATIENCE_MS);

  const demo = argumentsOf(['demo.js', '--json']);
  const environmentIn = (home: TemporaryHome) => ({ ...ofThisRun(), HOME: home.path, TMPDIR: home.path });

  it.each([
    ['while it starts', 100],
    ['while it runs', 2_500],
  ])('leaves nothing when it is interrupted %s', async (_when, afterMs) => {
    const temporary = new TemporaryHome();
    const child = spawn(process.execPath, demo, {
      env: environmentIn(temporary),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said: string[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => said.push(String(chunk)));
    const ended = once(child, 'close');
    await eventually(() => readdirSync(temporary.path).length > 0, PATIENCE_MS / 2);
    await delay(afterMs);
    child.kill('SIGINT');
    expect([await ended, said]).toEqual([[130, null], []]);
    expect([temporary.leftovers(), readdirSync(temporary.path)]).toEqual([[], []]);
    await temporary.giveBack();
  });

  it('prints one JSON document about a completed run and leaves nothing', async () => {
    const temporary = new TemporaryHome();
    const { status, stdout, stderr } = spawnSync(process.execPath, demo, {
      encoding: 'utf8',
      env: environmentIn(temporary),
    });
    expect([status, stderr]).toEqual([0, '']);
    const report = JSON.parse(stdout) as Record<string, unknown> & { steps: Step[] };
    const whole = expect.any(Number) as unknown;
    expect(report).toEqual({
      runId: expect.stringMatching(/^run_/) as unknown,
      status: 'COMPLETED',
      steps: ['plan', 'implement', 'verify', 'open-pr'].map(key => ({
        key,
        state: 'COMPLETED',
        outcome: 'SUCCESS',
        turns: whole,
        elapsedMs: whole,
        cost: 0,
      })),
      transcriptEntries: whole,
      toolCalls: 9,
      totalCostMicroUnits: 0,
      events: whole,
      startedMs: whole,
      durationMs: whole,
    });
    expect([temporary.leftovers(), readdirSync(temporary.path)]).toEqual([[], []]);
    await temporary.giveBack();
  });
});
