import type { AgentWork } from '@runledger/contracts';
import type { VendorAnswer } from '@runledger/testing';
import { attemptStream, placeOf } from '../attempt/attempt-place.js';
import { newRunId } from '../attempt/ground.fixture.js';
import { dataOf, KEY, VendorGround, VENDORS } from './vendor-ground.fixture.js';

interface CachedBody {
  readonly system: readonly unknown[];
  readonly messages: readonly { readonly content: readonly unknown[] }[];
}

describe('an agent that talks to a real wire', () => {
  let wire: VendorGround;
  let ground: VendorGround['ground'];
  let vendor: VendorGround['vendor'];

  beforeAll(async () => {
    wire = await VendorGround.make();
    ({ ground, vendor } = wire);
  });
  afterAll(() => wire.giveBack());

  describe.each(VENDORS)('%s', provider => {
    const play = (answers: [VendorAnswer, ...VendorAnswer[]]) => wire.play(provider, answers);

    it('carries a conversation with thinking and tools over several turns', async () => {
      const { ended, events, requests } = await play([
        {
          thinking: 'Hm, a file — naïve 🙂.',
          signature: 'sig-1',
          text: 'I look.',
          tools: [{ id: 'call_1', name: 'bash', input: { command: 'echo "hällo" && echo $((6*7))' } }],
          usage: {
            ...{ input: 100, output: 50, cacheRead: 30 },
            ...(provider === 'anthropic' ? { cacheWrite: 40, cacheWrite1h: 60 } : { reasoning: 20 }),
          },
        },
        { text: 'It says 42.', usage: { input: 200, output: 7 } },
      ]);
      expect(ended).toMatchObject({ outcome: 'SUCCESS', turns: 2, summary: 'It says 42.' });
      expect(
        dataOf(events, 'AgentThinking')
          .map(({ text }) => text)
          .join(''),
      ).toBe('Hm, a file — naïve 🙂.');
      expect(dataOf(events, 'ToolCallEnded')[0]).toMatchObject({ state: 'ok', output: 'hällo\n42\n' });
      expect(dataOf(events, 'UsageRecorded')[0]!.usage).toMatchObject({
        provider,
        inputTokens: 100,
        cacheReadTokens: 30,
        cacheWriteTokens: provider === 'anthropic' ? 40 : 0,
        cacheWrite1hTokens: provider === 'anthropic' ? 60 : 0,
        outputTokens: provider === 'anthropic' ? 50 : 30,
        reasoningTokens: provider === 'anthropic' ? 0 : 20,
      });
      expect(requests).toHaveLength(2);
      const second = JSON.stringify(requests[1]!.body);
      expect(second).toContain('call_1');
      expect(second).toContain('hällo\\n42');
      if (provider === 'anthropic') expect(second).toContain('sig-1');
      expect(second).toContain('Be kind.');
      expect(requests[0]!.body).toMatchObject({ max_tokens: 16_384, stream: true });
      expect(JSON.stringify(requests[0]!.headers)).toContain(KEY);
    });

    it('tells a model that its call cannot be read, and gives nothing back that its vendor would refuse', async () => {
      const { ended, events, requests } = await play([
        {
          tools: [
            { id: 'call_1', name: 'bash', input: {}, written: '{"command": "echo cut of' },
            { id: 'call_2', name: 'bash', input: ['echo a list'] },
            { id: 'call_3', name: 'functions.bash<b>', input: { command: 'echo' } },
          ],
        },
        { text: 'I see.' },
      ]);
      expect(ended).toMatchObject({ outcome: 'SUCCESS', summary: 'I see.' });
      expect(dataOf(events, 'ToolCallStarted').map(started => started.arguments)).toEqual([
        { unreadable_arguments: '{"command": "echo cut of' },
        { unreadable_arguments: '["echo a list"]' },
        { command: 'echo' },
      ]);
      const second = JSON.stringify(requests[1]!.body);
      expect(second.match(/are no JSON object/g)).toHaveLength(2);
      expect(second).toContain('"functions_bash_b_"');
      expect(second).not.toContain('functions.bash<b>"');
    });

    it.each(['call_1', ''])(
      'makes each of several calls to which a server gave the id "%s", and answers each',
      async id => {
        const calls = ['one', 'two'].map(word => ({ id, name: 'bash', input: { command: `echo ${word}` } }));
        const { ended, events, requests } = await play([{ tools: calls }, { text: 'I see.' }]);
        expect(ended).toMatchObject({ outcome: 'SUCCESS', summary: 'I see.' });
        expect(dataOf(events, 'ToolCallEnded').map(({ output }) => output)).toEqual(['one\n', 'two\n']);
        const second = JSON.stringify(requests[1]!.body);
        const answered = second.match(/"(tool_use_id|tool_call_id)":"[^"]+"/g) ?? [];
        expect(new Set(answered).size).toBe(2);
      },
    );

    it('takes counts that cannot be counts for unknown, and answers without a word for undone', async () => {
      const usage = { input: -5, output: 1e300 };
      const { ended, events } = await play([{ text: '', usage }]);
      expect(ended).toMatchObject({ outcome: 'PARTIAL', error: { code: 'NO_ANSWER' } });
      const [told] = dataOf(events, 'UsageRecorded').filter(({ usage: { kind } }) => kind === 'model');
      expect(told?.usage).toMatchObject({ inputTokens: 0, outputTokens: 0 }); // as one that says nothing
    });

    it('asks for words as they are, in headers that vendors know', async () => {
      const { requests } = await play([{ text: 'Hello.' }]);
      expect(requests[0]!.headers).toMatchObject({ 'accept-encoding': 'identity', 'content-type': 'application/json' });
      expect(requests[0]!.headers['user-agent']).toContain('ai-sdk');
      if (provider === 'anthropic') expect(requests[0]!.headers['anthropic-version']).toBe('2023-06-01');
    });

    it('is partial when the model was cut at its output limit', async () => {
      const { ended } = await play([{ text: 'Once upon a', stop: 'length' }]);
      expect(ended).toMatchObject({ outcome: 'PARTIAL', summary: 'Once upon a', error: { code: 'max_output_tokens' } });
    });

    it('says when the provider filtered the answer', async () => {
      const { ended } = await play([{ text: 'I', stop: 'filter' }]);
      expect(ended).toMatchObject({ outcome: 'ERROR', error: { code: 'content_filter' } });
    });
  });

  it('lets Anthropic keep the prompt for the next turn: what never changes, and the conversation so far', async () => {
    const call = { id: 'call_1', name: 'bash', input: { command: 'echo 42' } };
    const thinking = { thinking: 'Hm.', signature: 'sig-cached' };
    vendor.answers('cached', { ...thinking, text: 'I look.', tools: [call] }, { text: 'It says 42.' });
    const agent: AgentWork = { provider: 'anthropic', model: 'cached', prompt: 'Say hello.', instructions: 'Be kind.' };
    await ground.end(await ground.ready({ runId: newRunId(), agent }));
    const [first, second] = vendor.requestsFor('cached').map(({ body }) => body as unknown as CachedBody);
    const mark = { cache_control: { type: 'ephemeral' } };
    for (const body of [first!, second!]) {
      expect(body.system.at(-1)).toMatchObject({ text: 'Be kind.', ...mark });
      expect(body.messages.at(-1)!.content.at(-1)).toMatchObject(mark);
    }
    expect(second!.messages.at(-1)!.content.at(-1)).toMatchObject({ type: 'tool_result', tool_use_id: 'call_1' });
    const marks = JSON.stringify(second).match(/cache_control/g) ?? [];
    expect(marks).toHaveLength(2);
    expect(second!.messages[1]!.content[0]).toEqual({ type: 'thinking', thinking: 'Hm.', signature: 'sig-cached' });
  });

  it('gives Anthropic its thinking back as it was signed, also when the worker died between two turns (R2)', async () => {
    const call = { id: 'call_1', name: 'bash', input: { command: 'echo 42' } };
    vendor.answers('signed', { thinking: 'Hm.', signature: 'sig-kept', tools: [call] }, { text: 'It says 42.' });
    const agent: AgentWork = { provider: 'anthropic', model: 'signed', prompt: 'Say hello.' };
    const whole = await ground.ready({ runId: newRunId(), agent });
    await ground.end(whole);
    const [runId, upToTheTurn] = [newRunId(), ['AttemptStarted', 'ModelTurnEnded']];
    const { attemptId, ...place } = placeOf({ ...whole, runId });
    const recorded = (await ground.transcript(whole)).filter(({ type }) => upToTheTurn.includes(type)).slice(0, 2);
    const died = recorded.map(({ type, data }) => ({ type, data: { ...data, ...place, attemptId } }));
    await ground.record(attemptStream({ ...place, attemptId }), runId, died);
    expect(await ground.end(await ground.ready({ runId, agent }))).toMatchObject({ outcome: 'SUCCESS', turns: 2 });
    const body = vendor.requestsFor('signed').at(-1)!.body as unknown as CachedBody;
    expect(vendor.requestsFor('signed')).toHaveLength(3);
    expect(body.messages[1]!.content[0]).toEqual({ type: 'thinking', thinking: 'Hm.', signature: 'sig-kept' });
    expect(JSON.stringify(body.messages[2])).toContain('42\\n');
  });

  it('calls the one of several servers that the step names, and counts a machine of ours as local', async () => {
    vendor.answers('qwen', { text: 'Hello.' });
    const agent: AgentWork = { provider: 'openai-compatible', connection: 'ollama', model: 'qwen', prompt: 'Hello?' };
    const ready = await ground.ready({ runId: newRunId(), agent });
    expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS' });
    expect(vendor.requestsFor('qwen')[0]!.headers.authorization).toBeUndefined();
    const [usage] = dataOf(await ground.transcript(ready), 'UsageRecorded');
    expect(usage!.usage).toMatchObject({ provider: 'local', model: 'qwen', inputTokens: 10 });
  });
});
