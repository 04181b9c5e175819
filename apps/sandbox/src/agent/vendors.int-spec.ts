import type { AgentWork, AttemptEvent } from '@runledger/contracts';
import { eventually, ModelVendor } from '@runledger/testing';
import type { VendorAnswer } from '@runledger/testing';
import { attemptStream, placeOf } from '../attempt/attempt-place.js';
import { Ground, newRunId } from '../attempt/ground.fixture.js';
import { NO_CREDENTIALS } from '../integrations/credentials.js';
import type { Connection } from '../integrations/credentials.js';
import { SandboxGround } from '../driver/sandbox.fixture.js';
import { runAgentStep } from './agent-step.js';
import type { AgentSettings } from './agent-step.js';
import { operatorsConnection } from './operator-providers.js';
import { openModel } from './providers.js';

type Of<Type extends AttemptEvent['type']> = Extract<AttemptEvent, { type: Type }>['data'];
const of = <Type extends AttemptEvent['type']>(events: readonly AttemptEvent[], type: Type): Of<Type>[] =>
  events.filter(event => event.type === type).map(event => event.data) as Of<Type>[];

interface CachedBody {
  readonly system: readonly unknown[];
  readonly messages: readonly { readonly content: readonly unknown[] }[];
}

const KEY = 'sk-test-0123456789';
const overloaded: VendorAnswer = { kind: 'refused', status: 529, code: 'overloaded_error', message: 'Overloaded' };
const refused = (status: number, code: string, message = code, headers = {}): VendorAnswer => ({
  kind: 'refused',
  status,
  code,
  message,
  headers,
});

describe('an agent that talks to a real wire', () => {
  let ground: Ground;
  let sandboxes: SandboxGround;
  let vendor: ModelVendor;
  let models = 0;

  beforeAll(async () => {
    ground = await Ground.make();
    sandboxes = new SandboxGround();
    vendor = await ModelVendor.start();
    const providers = {
      anthropic: { apiKey: KEY, baseUrl: vendor.url },
      openaiCompatible: { baseUrl: vendor.url, apiKey: KEY },
    };
    const ollama: Connection = {
      ...{ name: 'ollama', kind: 'openai-compatible', secrets: {} },
      settings: { baseUrl: vendor.url, local: 'yes' },
    };
    const gone = { ...ollama, name: 'gone', settings: { baseUrl: 'http://127.0.0.1:1/v1', local: 'yes' } };
    const retries = { rate_limited: 2, overloaded: 2, connection_lost: 2 };
    const settings: AgentSettings = {
      open: openModel,
      patience: { retries, firstPauseMs: 20, longestSleepMs: 1_500, longestPauseMs: 60_000 },
      modelCallMs: 4_000,
    };
    await ground.service({
      work: run => runAgentStep(settings, run, run.attempt.ready.agent!),
      credentials: () => ({
        ...NO_CREDENTIALS,
        connection: (kind, name) =>
          Promise.resolve([ollama, gone].find(own => own.name === name) ?? operatorsConnection(providers, kind)),
      }),
      drivers: [sandboxes.driver],
    });
  });
  afterAll(async () => {
    await ground.giveBack();
    await sandboxes.giveBack();
    await vendor.close();
  });

  describe.each(['anthropic', 'openai-compatible'] as const)('%s', provider => {
    async function start(answers: [VendorAnswer, ...VendorAnswer[]], more: { timeoutMs?: number } = {}) {
      const model = `model-${(models += 1)}`;
      vendor.answers(model, ...answers);
      const agent: AgentWork = { provider, model, prompt: 'Say hello.', instructions: 'Be kind.' };
      const ready = await ground.ready({ runId: newRunId(), agent, ...more });
      return { ready, model };
    }
    async function play(answers: [VendorAnswer, ...VendorAnswer[]], more: { timeoutMs?: number } = {}) {
      const { ready, model } = await start(answers, more);
      const ended = await ground.end(ready);
      const events = await ground.transcript(ready);
      expect(JSON.stringify(events)).not.toContain(KEY);
      return { ended, events, requests: vendor.requestsFor(model) };
    }

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
        of(events, 'AgentThinking')
          .map(({ text }) => text)
          .join(''),
      ).toBe('Hm, a file — naïve 🙂.');
      expect(of(events, 'ToolCallEnded')[0]).toMatchObject({ state: 'ok', output: 'hällo\n42\n' });
      expect(of(events, 'UsageRecorded')[0]!.usage).toMatchObject({
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
      expect(of(events, 'ToolCallStarted').map(started => started.arguments)).toEqual([
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
        expect(of(events, 'ToolCallEnded').map(({ output }) => output)).toEqual(['one\n', 'two\n']);
        const second = JSON.stringify(requests[1]!.body);
        const answered = second.match(/"(tool_use_id|tool_call_id)":"[^"]+"/g) ?? [];
        expect(new Set(answered).size).toBe(2);
      },
    );

    it('takes counts that cannot be counts for unknown, and answers without a word for undone', async () => {
      const usage = { input: -5, output: 1e300 };
      const { ended, events } = await play([{ text: '', usage }]);
      expect(ended).toMatchObject({ outcome: 'PARTIAL', error: { code: 'NO_ANSWER' } });
      const [told] = of(events, 'UsageRecorded').filter(({ usage: { kind } }) => kind === 'model');
      expect(told?.usage).toMatchObject({ inputTokens: 0, outputTokens: 0 }); // as one that says nothing
    });

    it('is blocked when the provider refuses the credential, after one request', async () => {
      const { ended, requests } = await play([refused(401, 'authentication_error', `invalid key ${KEY}`)]);
      expect(ended).toMatchObject({ outcome: 'BLOCKED', error: { code: 'auth' } });
      expect(ended.error?.fix).toBeDefined();
      expect(requests).toHaveLength(1);
    });

    it('waits as long as the provider asks when it limits the rate', async () => {
      const begun = Date.now();
      const limited = refused(429, 'rate_limit_error', 'slow down', { 'retry-after': '1' });
      const { ended, events, requests } = await play([limited, { text: 'Hello.' }]);
      expect(ended).toMatchObject({ outcome: 'SUCCESS', summary: 'Hello.' });
      expect(Date.now() - begun).toBeGreaterThanOrEqual(1_000);
      expect(requests).toHaveLength(2);
      expect(of(events, 'InfoRecorded')[0]!.text).toContain('limits the rate');
    });

    it('puts the attempt down for as long as the provider wants to be left alone, and goes on then', async () => {
      const limited = refused(429, 'rate_limit_error', 'slow down', { 'retry-after': '2' });
      const { ended, events, requests } = await play([limited, { text: 'Hello.' }]);
      expect(ended).toMatchObject({ outcome: 'SUCCESS', summary: 'Hello.' });
      expect(requests).toHaveLength(2);
      expect(of(events, 'InfoRecorded')[0]!.text).toContain('is put down');
      expect(of(events, 'AttemptResumed')).toMatchObject([{ cause: 'RESTED' }]);
    });

    it('gives up when it would have to wait longer than anybody waits', async () => {
      const limited = refused(429, 'rate_limit_error', 'slow down', { 'retry-after': '300' });
      const { ended, requests } = await play([limited]);
      expect(ended).toMatchObject({ outcome: 'ERROR', error: { code: 'rate_limited' } });
      expect(requests).toHaveLength(1);
    });

    it('is blocked when the quota is used up, without asking again', async () => {
      const { ended, requests } = await play([refused(429, 'insufficient_quota', 'You exceeded your current quota')]);
      expect(ended).toMatchObject({ outcome: 'BLOCKED', error: { code: 'quota' } });
      expect(requests).toHaveLength(1);
    });

    it('waits a bounded number of times for an overloaded provider', async () => {
      const patient = await play([overloaded, refused(503, 'overloaded_error'), { text: 'Hello.' }]);
      expect(patient.ended).toMatchObject({ outcome: 'SUCCESS' });
      const { ended, requests } = await play([overloaded]);
      expect(ended).toMatchObject({ outcome: 'ERROR', error: { code: 'overloaded' } });
      expect(requests).toHaveLength(3);
    });

    it('says that the conversation is too long for the model', async () => {
      const answer =
        provider === 'anthropic'
          ? refused(400, 'invalid_request_error', 'prompt is too long: 200001 tokens > 200000 maximum')
          : refused(400, 'context_length_exceeded', 'Please reduce the length of the messages.');
      const { ended, requests } = await play([answer]);
      expect(ended).toMatchObject({ outcome: 'ERROR', error: { code: 'context_overflow' } });
      expect(requests).toHaveLength(1);
    });

    it('reports what else the provider refuses, without asking again', async () => {
      const { ended, requests } = await play([refused(400, 'invalid_request_error', 'temperature is odd')]);
      expect(ended).toMatchObject({ outcome: 'ERROR', error: { code: 'provider_refused' } });
      expect(requests).toHaveLength(1);
    });

    it('sends its key to nobody else: a redirect is told, and not followed', async () => {
      const moved = refused(307, 'moved', 'Moved', { location: `${vendor.url}/elsewhere?key=${KEY}` });
      const { ended, requests } = await play([moved]);
      expect(ended).toMatchObject({ outcome: 'ERROR', error: { code: 'provider_refused' } });
      expect(ended.error?.message).toContain(`${vendor.url}/elsewhere (307)`);
      expect(requests).toHaveLength(1);
    });

    it('asks for words as they are, in headers that vendors know', async () => {
      const { requests } = await play([{ text: 'Hello.' }]);
      expect(requests[0]!.headers).toMatchObject({ 'accept-encoding': 'identity', 'content-type': 'application/json' });
      expect(requests[0]!.headers['user-agent']).toContain('ai-sdk');
      if (provider === 'anthropic') expect(requests[0]!.headers['anthropic-version']).toBe('2023-06-01');
    });

    it('asks again when the provider breaks down in the middle of an answer', async () => {
      const broken: VendorAnswer = {
        text: 'Hello, this is a longer answer.',
        breakOff: { afterFrames: 4, how: 'error-event' },
      };
      const { ended, requests } = await play([broken, { text: 'Hello.' }]);
      expect(ended).toMatchObject({ outcome: 'SUCCESS', summary: 'Hello.' });
      expect(requests).toHaveLength(2);
    });

    it.each(['reset', 'close'] as const)('asks again when the connection is lost (%s), a few times', async how => {
      const broken: VendorAnswer = { text: 'Hello, this is a longer answer.', breakOff: { afterFrames: 4, how } };
      const { ended, events, requests } = await play([broken]);
      expect(ended).toMatchObject({ outcome: 'ERROR', error: { code: 'connection_lost' } });
      expect(requests).toHaveLength(3);
      const entries = new Set(of(events, 'AgentText').map(({ entryId }) => entryId));
      expect(entries.size).toBe(3);
      if (provider === 'anthropic') expect(of(events, 'UsageRecorded').length).toBe(4);
    });

    it.each<[string, VendorAnswer]>([
      ['accepts and never answers', { kind: 'silent' }],
      ['stops speaking', { text: 'Hello, this is a longer answer.', breakOff: { afterFrames: 4, how: 'stall' } }],
    ])('does not wait for ever for a provider that %s', async (_how, answer) => {
      const { ended, requests } = await play([answer, { text: 'Hello.' }]);
      expect(ended).toMatchObject({ outcome: 'SUCCESS', summary: 'Hello.' });
      expect(requests[0]!.aborted).toBe(true);
    });

    it('hangs up at once when the run is cancelled, and still counts what is known of the call', async () => {
      const { ready, model } = await start([
        { text: 'word '.repeat(500), frameDelayMs: 5, usage: { input: 77, output: 500 } },
      ]);
      await eventually(async () => of(await ground.transcript(ready), 'AgentText').length > 0);
      await ground.cancel(ready.runId, 'GRACEFUL');
      expect(await ground.end(ready)).toMatchObject({ outcome: 'ERROR', cancelled: true });
      await eventually(() => vendor.requestsFor(model)[0]!.aborted);
      const usage = of(await ground.transcript(ready), 'UsageRecorded').filter(
        ({ usage: { kind } }) => kind === 'model',
      );
      if (provider === 'anthropic') expect(usage[0]!.usage).toMatchObject({ inputTokens: 77 });
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
    const [usage] = of(await ground.transcript(ready), 'UsageRecorded');
    expect(usage!.usage).toMatchObject({ provider: 'local', model: 'qwen', inputTokens: 10 });
  });

  it('says why a provider cannot be reached', async () => {
    const agent: AgentWork = { provider: 'openai-compatible', connection: 'gone', model: 'any', prompt: 'Hello?' };
    const ended = await ground.end(await ground.ready({ runId: newRunId(), agent }));
    expect(ended).toMatchObject({ outcome: 'ERROR', error: { code: 'connection_lost' } });
    expect(ended.error?.message).toContain('ECONNREFUSED');
  });

  it('says that the context is full when Anthropic stops for it', async () => {
    vendor.answers('full', { text: 'I was', stop: 'context_window' });
    const agent: AgentWork = { provider: 'anthropic', model: 'full', prompt: 'Go on.' };
    const ended = await ground.end(await ground.ready({ runId: newRunId(), agent }));
    expect(ended).toMatchObject({ outcome: 'ERROR', error: { code: 'context_overflow' } });
  });
});
