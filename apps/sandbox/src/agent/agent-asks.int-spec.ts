import { ApprovalDecided, ApprovalWithdrawn, GrantMade } from '@runledger/contracts';
import type { AgentWork, ApprovalDecision, AttemptEvent, Json } from '@runledger/contracts';
import { newUuid } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';
import type { DomainEvent } from '@runledger/kernel';
import { eventually } from '@runledger/testing';
import { Ground, newRunId } from '../attempt/ground.fixture.js';
import type { ReadyStep } from '../attempt/attempt-place.js';
import { testProfile } from '../driver/sandbox.fixture.js';

const WORKSPACE = 'ws_test';
const AT = '2026-11-21T10:00:00.000Z';
const ada = { kind: 'member', id: 'mem_ada', name: 'Ada' } as const;
const FIRST_CALL = 'work.1.t1.1';

describe('an agent that has to ask', () => {
  let ground: Ground;
  beforeAll(async () => {
    ground = await Ground.make();
    await ground.publishProfile(testProfile());
  });
  afterAll(() => ground.giveBack());

  const begin = (agent: Partial<AgentWork>, step = 'work', runId = newRunId()) =>
    ground.ready({
      runId,
      step,
      agent: { provider: 'scripted', model: 'scripted-1', prompt: 'Do it.', permissions: 'ASK', ...agent },
    });
  const bash = (command: string) => ({ tools: [{ name: 'bash' as const, arguments: { command } }] });

  /** What another service stores in one of its streams. */
  async function tell(name: string, runId: string, { type, data }: DomainEvent): Promise<void> {
    const metadata = { correlationId: runId, causationId: runId, actor: ada, workspaceId: WORKSPACE, occurredAt: AT };
    const event = { id: newUuid(), type, data, metadata: { ...metadata, schemaVersion: 1 } };
    await ground.store.append({ tenant: WORKSPACE, name }, [event], 'any');
  }

  function decide(ready: ReadyStep, decision: ApprovalDecision, said: { comment?: string; answer?: Json } = {}) {
    const { runId, step } = ready;
    const requestId = `apr_${runId.slice(4)}.ask.1`;
    const kind = decision === 'ANSWER' ? 'question' : 'permission';
    const calls = [{ step, attempt: 1, callId: FIRST_CALL }];
    const data = { requestId, runId, step, kind, decision, how: 'PEOPLE', by: ada, calls, shownHash: 'x', ...said };
    return tell(streamOf('approval', requestId), runId, ApprovalDecided({ ...data, decidedAt: AT } as never));
  }

  const typesOf = async (ready: ReadyStep) => (await ground.transcript(ready)).map(({ type }) => type);
  const asked = (ready: ReadyStep, type: AttemptEvent['type'] = 'PermissionRequested') =>
    eventually(async () => (await typesOf(ready)).includes(type));
  const count = async (ready: ReadyStep, type: AttemptEvent['type']) =>
    (await typesOf(ready)).filter(found => found === type).length;
  const endOf = async (ready: ReadyStep, callId = FIRST_CALL) =>
    (await ground.transcript(ready)).flatMap(event =>
      event.type === 'ToolCallEnded' && event.data.callId === callId ? [event.data] : [],
    )[0];

  it('waits without holding a worker, is asked about once although its service dies, and then does it once', async () => {
    const first = await ground.wiredService({}, { maxAttempts: 1 });
    const ready = await begin({ script: [bash('echo once >> log; cat log'), { text: 'Done.' }] });
    await asked(ready);
    const sibling = await begin({ script: [{ text: 'Not stopped by it.' }] }, 'sibling', ready.runId);
    expect((await ground.end(sibling)).outcome).toBe('SUCCESS');
    await first.stop();
    const second = await ground.wiredService({}, { maxAttempts: 1 });
    await decide(ready, 'ALLOW_ONCE');
    expect((await ground.end(ready)).outcome).toBe('SUCCESS');
    await second.stop();
    expect(await count(ready, 'PermissionRequested')).toBe(1);
    expect(await count(ready, 'AttemptResumed')).toBe(1);
    expect(await count(ready, 'ModelTurnEnded')).toBe(2);
    expect(await endOf(ready)).toMatchObject({ state: 'ok', output: 'once\n' });
    const notes = (await ground.transcript(ready)).flatMap(event =>
      event.type === 'InfoRecorded' ? [event.data.text] : [],
    );
    expect(notes).toEqual(['The agent asks whether it may call bash.', 'Ada allowed it once.']);
    const answer = (await ground.transcript(ready)).find(({ type }) => type === 'AnswerReceived');
    expect(answer?.data).toMatchObject({ callId: FIRST_CALL, decision: 'ALLOW_ONCE', by: ada });
  });

  it('gets an error for what was denied, with the reason, and goes on', async () => {
    const service = await ground.wiredService();
    const ready = await begin({ script: [bash('touch denied'), { text: 'Then not.' }] });
    await asked(ready);
    await decide(ready, 'DENY', { comment: 'leave my files alone' });
    expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS', summary: 'Then not.' });
    await service.stop();
    expect(await endOf(ready)).toMatchObject({
      state: 'error',
      error: { code: 'DENIED', message: 'Ada denied this call: leave my files alone' },
    });
  });

  it('stops when what it asked is moot: its step was left out', async () => {
    const service = await ground.wiredService();
    const ready = await begin({ script: [bash('touch never'), { text: 'Done.' }] });
    await asked(ready);
    const { runId, step } = ready;
    const place = { requestId: `apr_${runId.slice(4)}.ask.1`, runId, step };
    const calls = [{ step, attempt: 1, callId: FIRST_CALL }];
    const moot = ApprovalWithdrawn({ ...place, reason: 'the step was left out', calls, withdrawnAt: AT });
    await tell(streamOf('approval', place.requestId), runId, moot);
    expect(await ground.end(ready)).toMatchObject({ outcome: 'ERROR', cancelled: true });
    await service.stop();
    expect(await endOf(ready)).toBeUndefined();
  });

  it('needs no answer where a grant covers the call, and each use of it is written down', async () => {
    const service = await ground.wiredService();
    const runId = newRunId();
    const grant = { grantId: 'gra_1', scope: 'workspace', runId: 'run_1', requestId: 'apr_1', tool: 'bash' } as const;
    const made = GrantMade({ ...grant, pattern: 'echo *', by: ada, madeAt: AT });
    await tell(streamOf('grants', WORKSPACE), runId, made);
    const script = [bash('echo covered'), bash('echo twice'), bash('date'), { text: 'Done.' }];
    const ready = await begin({ script }, 'work', runId);
    await asked(ready);
    expect(await count(ready, 'CallAutoResolved')).toBe(2);
    const resolved = (await ground.transcript(ready)).find(({ type }) => type === 'CallAutoResolved');
    expect(resolved?.data).toMatchObject({ callId: FIRST_CALL, tool: 'bash', grantId: 'gra_1', grantedBy: ada });
    expect(await endOf(ready)).toMatchObject({ output: 'covered\n' });
    await ground.cancel(runId, 'FORCE');
    expect(await ground.end(ready)).toMatchObject({ cancelled: true });
    await service.stop();
  });

  it('receives what people answer as the result of its call', async () => {
    const service = await ground.wiredService();
    const question = { question: 'Which colour?', choices: ['red', 'blue'] };
    const ready = await begin({
      tools: ['ask_user', 'bash'],
      permissions: 'ALLOW',
      script: [{ tools: [{ name: 'ask_user', arguments: question }] }, { text: 'Thank you.' }],
    });
    await asked(ready, 'QuestionAsked');
    await decide(ready, 'ANSWER', { answer: 'blue' });
    expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS', summary: 'Thank you.' });
    await service.stop();
    expect(await count(ready, 'QuestionAsked')).toBe(1);
    expect(await endOf(ready)).toMatchObject({ tool: 'ask_user', state: 'ok', output: 'blue' });
  });
});
