import { RunFailed, RunPaused, RunResumed, StepBlocked, StepReady, StepSkipped } from '@runledger/contracts';
import type { AttemptEvent } from '@runledger/contracts';
import { eventually } from '@runledger/testing';
import { testProfile } from '../driver/sandbox.fixture.js';
import type { ReadyStep } from './attempt-place.js';
import { Ground, newRunId } from './ground.fixture.js';
import type { SandboxRuntime } from './sandbox-runtime.js';

const AT = '2026-11-21T10:00:00.000Z';
const ada = { kind: 'member', id: 'mem_ada', name: 'Ada' } as const;

describe('a run that people steer', () => {
  let ground: Ground;
  let service: SandboxRuntime;
  beforeAll(async () => {
    ground = await Ground.make();
    await ground.publishProfile(testProfile());
    service = await ground.wiredService({}, { lookEveryMs: 50 });
  });
  afterAll(() => ground.giveBack());

  const eventsOf = async <Type extends AttemptEvent['type']>(ready: ReadyStep, type: Type) =>
    (await ground.transcript(ready)).filter(event => event.type === type);

  it('pauses after the current tool call of its agent, and goes on there without doing anything twice', async () => {
    const runId = newRunId();
    const call = (line: number) => ({
      tools: [{ name: 'bash' as const, arguments: { command: `sleep 0.1; echo ${line} >> log` } }],
    });
    const lines = Array.from({ length: 15 }, (_, line) => line);
    const read = { tools: [{ name: 'bash' as const, arguments: { command: 'cat log' } }] };
    const script = [...lines.map(call), read, { text: 'Done.' }];
    const agent = { provider: 'scripted', model: 'scripted-1', prompt: 'Count.', script } as const;
    const ready = await ground.ready({ runId, agent });
    await eventually(async () => (await eventsOf(ready, 'ToolCallStarted')).length > 0);
    await ground.publish(runId, RunPaused({ runId, cause: 'OPERATOR', by: ada, pausedAt: AT }));
    await eventually(async () => (await service.load()).executing === 0);
    const [begun, ended] = [await eventsOf(ready, 'ToolCallStarted'), await eventsOf(ready, 'ToolCallEnded')];
    expect(await eventsOf(ready, 'AttemptEnded')).toEqual([]);
    expect(ended).toHaveLength(begun.length);
    expect(ended.every(event => event.type === 'ToolCallEnded' && event.data.state === 'ok')).toBe(true);

    await ground.publish(runId, RunResumed({ runId, retried: [], by: ada, resumedAt: AT }));
    expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS' });
    const last = (await eventsOf(ready, 'ToolCallEnded')).at(-1);
    expect(last?.data).toMatchObject({ output: lines.map(line => `${line}\n`).join('') });
  });

  it('begins nothing while it is paused, and lets a program that executes end', async () => {
    const runId = newRunId();
    const long = await ground.ready({ runId, step: 'long', command: { run: 'sleep 0.5; echo done' } });
    await eventually(async () => (await eventsOf(long, 'ToolCallStarted')).length > 0);
    await ground.publish(runId, RunPaused({ runId, cause: 'OPERATOR', by: ada, pausedAt: AT }));
    const late = await ground.ready({ runId, step: 'late', command: { run: 'true' } });
    expect(await ground.end(long)).toMatchObject({ outcome: 'SUCCESS' });
    expect(await ground.transcript(late)).toEqual([]);
    await ground.publish(runId, RunResumed({ runId, retried: [], by: ada, resumedAt: AT }));
    expect(await ground.end(late)).toMatchObject({ outcome: 'SUCCESS' });
  });

  it('goes on after its end with a further attempt', async () => {
    const runId = newRunId();
    const first = await ground.ready({ runId, command: { run: 'exit 1' } });
    expect(await ground.end(first)).toMatchObject({ outcome: 'ERROR' });
    const error = { code: 'COMMAND_FAILED', message: 'Exit code 1.' };
    const second: ReadyStep = { ...first, attempt: 2, command: { run: 'echo again' } };
    await ground.publish(runId, RunFailed({ runId, step: 'work', error, failedAt: AT }), StepReady(second));
    expect(await ground.end(second)).toMatchObject({ outcome: 'SUCCESS', cancelled: false });
  });

  it('stops an attempt whose step was left out meanwhile', async () => {
    const runId = newRunId();
    const stuck = await ground.ready({ runId, command: { run: 'sleep 60' } });
    await eventually(async () => (await eventsOf(stuck, 'ToolCallStarted')).length > 0);
    const left = { runId, step: 'work', cause: 'person', reason: 'It hangs.', by: ada, skippedAt: AT } as const;
    await ground.publish(runId, StepSkipped(left));
    expect(await ground.end(stuck)).toMatchObject({ cancelled: true });
  });

  it('lets an attempt go on that is merely silent, until it is tried again', async () => {
    const runId = newRunId();
    const quiet = await ground.ready({ runId, command: { run: 'sleep 0.5; echo done' } });
    await eventually(async () => (await eventsOf(quiet, 'ToolCallStarted')).length > 0);
    const cause = { kind: 'SILENT', message: 'Nothing is heard of it.', fix: 'Wait.' } as const;
    await ground.publish(runId, StepBlocked({ runId, step: 'work', attempt: 1, cause, blockedAt: AT }));
    expect(await ground.end(quiet)).toMatchObject({ outcome: 'SUCCESS', cancelled: false });
  });

  it('says that its worker is gone while the platform is updated, and is taken up again', async () => {
    const run = 'if [ ! -e begun ]; then touch begun; echo begun; sleep 60; fi; echo done';
    const ready = await ground.ready({ runId: newRunId(), command: { run } });
    await eventually(async () => (await eventsOf(ready, 'ToolOutput')).length > 0);
    await service.stop();
    expect((await eventsOf(ready, 'AttemptInterrupted'))[0]?.data).toMatchObject({ step: 'work', attempt: 1 });
    service = await ground.wiredService({}, { lookEveryMs: 50 });
    await ground.end(ready);
    expect(await eventsOf(ready, 'AttemptResumed')).toHaveLength(1);
  });
});
