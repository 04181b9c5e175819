import type { AgentWork, AttemptEvent, Json, ScriptedTurn, ToolName } from '@runledger/contracts';
import { eventually } from '@runledger/testing';
import type { FlowStart, FlowStarted } from '../attempt/flows.js';
import { BubblewrapDriver } from '../driver/bubblewrap-driver.js';
import { runAgentStep } from './agent-step.js';
import type { AgentSettings } from './agent-step.js';
import { DEFAULT_PATIENCE } from './model-patience.js';
import { openModel } from './providers.js';
import { Ground, newRunId } from '../attempt/ground.fixture.js';
import type { ReadyStep } from '../attempt/attempt-place.js';
import { living, markOf, testProfile } from '../driver/sandbox.fixture.js';

const MARK = markOf(4716);
const ID = 'work.1.t1.1';

describe('the tools of an agent', () => {
  let ground: Ground;
  beforeAll(async () => {
    ground = await Ground.make();
    await ground.publishProfile(testProfile());
  });
  afterAll(() => ground.giveBack());

  const begin = (script: ScriptedTurn[], agent: Partial<AgentWork> = {}) =>
    ground.ready({
      runId: newRunId(),
      agent: { provider: 'scripted', model: 'scripted-1', prompt: 'Do it.', script, ...agent },
    });
  const use = (name: ToolName, input: Record<string, Json>): ScriptedTurn => ({ tools: [{ name, arguments: input }] });

  const dataOf = async <Type extends AttemptEvent['type']>(ready: ReadyStep, type: Type) =>
    (await ground.transcript(ready)).flatMap(event =>
      event.type === type ? [event.data as Extract<AttemptEvent, { type: Type }>['data']] : [],
    );

  it('keep a list of what is to be done, which readers see as a list', async () => {
    const service = await ground.wiredService();
    const todos = [
      { content: 'look', status: 'completed' },
      { content: 'mend', status: 'in_progress' },
    ];
    const ready = await begin([use('todo_write', { todos }), { text: 'Done.' }]);
    expect((await ground.end(ready)).outcome).toBe('SUCCESS');
    await service.stop();
    const [started] = await dataOf(ready, 'ToolCallStarted');
    expect(started).toMatchObject({ tool: 'todo_write', detail: { kind: 'todo', items: todos } });
    const [ended] = await dataOf(ready, 'ToolCallEnded');
    expect(ended).toMatchObject({ state: 'ok', output: 'The list has 2 items, 1 of them completed.' });
  });

  it('run commands in the background, read what they write, and stop them; none outlives its agent', async () => {
    const service = await ground.wiredService();
    const watch = `echo ready; while [ ! -e go ]; do sleep 0.02; done; echo gone; sleep ${MARK}`;
    const ready = await begin([
      use('bash', { command: watch, run_in_background: true }),
      use('bash_output', { id: ID, wait_ms: 5_000 }),
      use('bash', { command: 'touch go' }),
      use('bash_output', { id: ID, wait_ms: 5_000 }),
      use('bash_stop', { id: ID }),
      use('bash', { command: `sleep ${MARK}`, run_in_background: true }),
      use('bash_output', { id: 'work.1.t9.9' }),
      { text: 'Done.' },
    ]);
    expect((await ground.end(ready)).outcome).toBe('SUCCESS');
    expect(living(MARK)).toEqual([]);
    await service.stop();
    const outputs = (await dataOf(ready, 'ToolCallEnded')).map(({ output }) => output);
    expect(outputs.slice(0, 6)).toEqual([
      `It runs in the background as ${ID}.`,
      'ready\n[It runs.]',
      '',
      'gone\n[It runs.]',
      expect.stringContaining('[It was stopped.]'),
      'It runs in the background as work.1.t6.1.',
    ]);
    expect(outputs[6]).toContain('No background command work.1.t9.9 runs');
  });

  it('show what a background command writes in whole characters, however it comes', async () => {
    const service = await ground.wiredService();
    const halves = "printf 'm\\xc3'; while [ ! -e go ]; do sleep 0.02; done; printf '\\xa4h\\n'; sleep 60";
    const ready = await begin([
      use('bash', { command: halves, run_in_background: true }),
      use('bash_output', { id: ID, wait_ms: 5_000 }),
      use('bash', { command: 'touch go' }),
      use('bash_output', { id: ID, wait_ms: 5_000 }),
      { text: 'Done.' },
    ]);
    expect((await ground.end(ready)).outcome).toBe('SUCCESS');
    await service.stop();
    const outputs = (await dataOf(ready, 'ToolCallEnded')).map(({ output }) => output);
    expect(outputs[1]).toBe('m\n[It runs.]');
    expect(outputs[3]).toBe('äh\n[It runs.]');
  });

  it('start another flow once people have allowed it, under the id of the call; what is declined is told', async () => {
    const asked: FlowStart[] = [];
    const start = (one: FlowStart): Promise<FlowStarted> => {
      asked.push(one);
      if (one.flow === 'nightly') return Promise.resolve({ started: true, runId: 'run_2' });
      return Promise.resolve({ started: false, code: 'FLOW_NOT_FOUND', message: 'There is no flow x.' });
    };
    const settings: AgentSettings = {
      open: openModel,
      patience: DEFAULT_PATIENCE,
      modelCallMs: 60_000,
    };
    const service = await ground.service({
      drivers: [new BubblewrapDriver({ homeDir: `${ground.directory}/flows` })],
      work: run => runAgentStep(settings, run, run.attempt.ready.agent!),
      flows: () => ({ start }),
    });
    const script = [
      use('start_flow', { flow: 'nightly', parameters: { day: 'today' } }),
      use('start_flow', { flow: 'x' }),
      { text: 'Done.' },
    ];
    const asking = await begin(script, { tools: ['start_flow'] });
    await eventually(async () => (await dataOf(asking, 'PermissionRequested')).length === 1);
    expect(asked).toEqual([]);
    const ready = await begin(script, { tools: ['start_flow'], permissions: 'ALLOW' });
    expect((await ground.end(ready)).outcome).toBe('SUCCESS');
    await ground.cancel(asking.runId, 'FORCE');
    await ground.end(asking);
    await service.stop();
    expect(asked[0]).toEqual({ callId: ID, flow: 'nightly', parameters: { day: 'today' } });
    expect(await dataOf(ready, 'ToolCallEnded')).toMatchObject([
      { state: 'ok', output: 'Run run_2 of flow nightly has started.' },
      { state: 'error', error: { code: 'FLOW_NOT_FOUND' } },
    ]);
  });
});
