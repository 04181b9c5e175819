import { ApprovalDecided } from '@runledger/contracts';
import type { AgentWork, AttemptEvent, Json, ScriptedTurn } from '@runledger/contracts';
import { newUuid } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';
import { eventually } from '@runledger/testing';
import { Ground, newRunId } from '../attempt/ground.fixture.js';
import type { ReadyStep } from '../attempt/attempt-place.js';
import { testProfile } from '../driver/sandbox.fixture.js';

const WORKSPACE = 'ws_test';
const AT = '2026-11-21T10:00:00.000Z';
const ada = { kind: 'member', id: 'mem_ada', name: 'Ada' } as const;

describe('the sub-agents of an agent', () => {
  let ground: Ground;
  beforeAll(async () => {
    ground = await Ground.make();
    await ground.publishProfile(testProfile());
  });
  afterAll(() => ground.giveBack());

  const bash = (command: string): ScriptedTurn => ({ tools: [{ name: 'bash', arguments: { command } }] });
  const spawn = (...agents: { prompt: string; script: readonly ScriptedTurn[] }[]): ScriptedTurn => ({
    tools: [{ name: 'spawn_agents', arguments: { agents: agents as unknown as Json } }],
  });
  const begin = (script: ScriptedTurn[], agent: Partial<AgentWork> = {}) =>
    ground.ready({
      runId: newRunId(),
      agent: {
        ...{ provider: 'scripted', model: 'm', prompt: 'Share it out.', script },
        tools: ['bash', 'list_files', 'spawn_agents'],
        ...agent,
      },
    });
  const dataOf = async <Type extends AttemptEvent['type']>(ready: ReadyStep, type: Type) =>
    (await ground.transcript(ready)).flatMap(event =>
      event.type === type ? [event.data as Extract<AttemptEvent, { type: Type }>['data']] : [],
    );

  it('work in its workspace, report to it, and are counted with it', async () => {
    const service = await ground.wiredService();
    const ready = await begin([
      spawn(
        { prompt: 'One.', script: [bash('echo one > one'), { text: 'One is there.' }] },
        { prompt: 'Two.', script: [{ text: 'Nothing to do.' }] },
      ),
      spawn({ prompt: 'Three.', script: [bash('cat one'), { text: 'I have read it.' }] }),
      { text: 'All done.' },
    ]);
    expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS', summary: 'All done.', turns: 3 + 2 + 1 + 2 });
    await service.stop();
    const ends = await dataOf(ready, 'ToolCallEnded');
    expect(ends.filter(({ tool }) => tool === 'spawn_agents').map(({ output }) => output)).toEqual([
      '[Agent 1]\nOne is there.\n\n[Agent 2]\nNothing to do.',
      '[Agent 3]\nI have read it.',
    ]);
    const started = await dataOf(ready, 'ToolCallStarted');
    expect(started.map(({ callId, agent }) => [callId, agent]).sort()).toEqual([
      ['work.1.a1.t1.1', '1'],
      ['work.1.a3.t1.1', '3'],
      ['work.1.t1.1', undefined],
      ['work.1.t1.1.a1', '1'],
      ['work.1.t1.1.a2', '2'],
      ['work.1.t2.1', undefined],
      ['work.1.t2.1.a3', '3'],
    ]);
    expect(ends.find(({ callId }) => callId === 'work.1.a3.t1.1')).toMatchObject({ agent: '3', output: 'one\n' });
    const spent = await dataOf(ready, 'UsageRecorded');
    const agents = spent.filter(({ usage }) => usage.kind === 'model').map(({ agent }) => agent ?? '0');
    expect(agents.sort()).toEqual(['0', '0', '0', '1', '1', '2', '3', '3']);
    expect(new Set(spent.map(({ usageId }) => usageId)).size).toBe(spent.length);
  });

  it('have no agents of their own, nor more tools than who started them, nor more than twenty at a time', async () => {
    const service = await ground.wiredService();
    const deeper = spawn({ prompt: 'Deeper.', script: [{ text: 'Never.' }] });
    const write: ScriptedTurn = { tools: [{ name: 'write_file', arguments: { path: 'x', content: 'x' } }] };
    const many = Array.from({ length: 21 }, () => ({ prompt: 'Many.', script: [] }));
    const ready = await begin([
      spawn({ prompt: 'One.', script: [deeper, write, { text: 'Could not.' }] }),
      spawn(...many),
      { text: 'Done.' },
    ]);
    expect((await ground.end(ready)).outcome).toBe('SUCCESS');
    await service.stop();
    const ends = new Map((await dataOf(ready, 'ToolCallEnded')).map(end => [end.callId, end]));
    expect(ends.get('work.1.a1.t1.1')).toMatchObject({ error: { message: expect.stringContaining('one level deep') } });
    expect(ends.get('work.1.a1.t2.1')).toMatchObject({
      error: { message: expect.stringContaining('no tool write_file') },
    });
    expect(ends.get('work.1.t2.1')).toMatchObject({ error: { code: 'INVALID_TOOL_CALL' } });
    expect(await dataOf(ready, 'ModelTurnEnded')).toHaveLength(6);
  });

  it('wait alone for people while the others work; after a restart nothing finished is done again', async () => {
    const first = await ground.wiredService();
    const ask = { prompt: 'Ask.', script: [bash('echo once >> log'), { text: 'Asked.' }] };
    const work = {
      prompt: 'Work.',
      script: [{ tools: [{ name: 'list_files' as const, arguments: {} }] }, { text: 'Worked.' }],
    };
    const ready = await begin([spawn(ask, work, ask), bash('cat log'), { text: 'Done.' }], {
      permissions: 'ASK',
      dangerousTools: ['bash'],
    });
    await eventually(async () => (await dataOf(ready, 'PermissionRequested')).length === 2);
    const isOver = async () => (await dataOf(ready, 'ToolCallEnded')).some(({ callId }) => callId === 'work.1.t1.1.a2');
    await eventually(isOver);
    await first.stop();
    const asked = await dataOf(ready, 'PermissionRequested');
    expect(asked.map(({ callId, agent }) => [callId, agent]).sort()).toEqual([
      ['work.1.a1.t1.1', '1'],
      ['work.1.a3.t1.1', '3'],
    ]);
    expect(new Set(asked.map(({ callHash }) => callHash)).size).toBe(1);
    const second = await ground.wiredService();
    await allow(ready, ['work.1.a3.t1.1']);
    await eventually(async () =>
      (await dataOf(ready, 'ToolCallEnded')).some(({ callId }) => callId === 'work.1.t1.1.a3'),
    );
    await allow(ready, ['work.1.a1.t1.1']);
    await eventually(async () => (await dataOf(ready, 'PermissionRequested')).length === 3);
    await allow(ready, ['work.1.t2.1']);
    expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS', turns: 9 });
    await second.stop();
    const ends = await dataOf(ready, 'ToolCallEnded');
    expect(ends.at(-1)).toMatchObject({ callId: 'work.1.t2.1', output: 'once\nonce\n' });
    expect(new Set(ends.map(({ callId }) => callId)).size).toBe(ends.length);
    expect(await dataOf(ready, 'ModelTurnEnded')).toHaveLength(9);
  });

  /** What the approval service stores when a person has decided. */
  async function allow(ready: ReadyStep, callIds: string[]): Promise<void> {
    const { runId, step } = ready;
    const requestId = `apr_${runId.slice(4)}.${callIds[0]}`;
    const calls = callIds.map(callId => ({ step, attempt: 1, callId }));
    const decided = { requestId, runId, step, kind: 'permission', decision: 'ALLOW_ONCE', how: 'PEOPLE', by: ada };
    const { type, data } = ApprovalDecided({ ...decided, calls, shownHash: 'x', decidedAt: AT } as never);
    const metadata = { correlationId: runId, causationId: runId, actor: ada, workspaceId: WORKSPACE, occurredAt: AT };
    const event = { id: newUuid(), type, data, metadata: { ...metadata, schemaVersion: 1 } };
    await ground.store.append({ tenant: WORKSPACE, name: streamOf('approval', requestId) }, [event], 'any');
  }
});
