import type { AgentWork } from '@runledger/contracts';
import { eventually } from '@runledger/testing';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expectWholeTranscript } from '../attempt/counted-calls.fixture.js';
import { Ground, newRunId } from '../attempt/ground.fixture.js';
import { testProfile } from '../driver/sandbox.fixture.js';
import { readSandboxConfig } from '../sandbox.config.js';
import { allow, connect, dataOf } from './scripted-agent.fixture.js';

const ADAPTER = '@agentclientprotocol/claude-agent-acp/dist/index.js';

/** The `node_modules` in which Claude Code and its adapter are installed: what is said, else that of a program on the PATH. */
function installed(): string | undefined {
  const said = process.env['RUNLEDGER_CLAUDE_CODE_MODULES'];
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const places = [...(said === undefined ? [] : [said]), ...folders.map(folder => join(folder, '../lib/node_modules'))];
  return places.find(place => existsSync(join(place, ADAPTER)));
}

/** What a model answers, as the Messages API streams it. */
function eventsOf(content: readonly object[], stopReason: string): string {
  const usage = { input_tokens: 10, output_tokens: 5, cache_read_input_tokens: 0, cache_creation_input_tokens: 0 };
  const message = {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude-test',
    content: [],
    stop_reason: null,
    usage,
  };
  const blocks = content.flatMap((block, index) => {
    const isText = 'text' in block;
    const delta = isText
      ? { type: 'text_delta', text: block.text }
      : { type: 'input_json_delta', partial_json: JSON.stringify((block as { input: object }).input) };
    const empty = isText ? { type: 'text', text: '' } : { ...block, input: {} };
    return [
      { type: 'content_block_start', index, content_block: empty },
      { type: 'content_block_delta', index, delta },
      { type: 'content_block_stop', index },
    ];
  });
  const end = {
    type: 'message_delta',
    delta: { stop_reason: stopReason, stop_sequence: null },
    usage: { output_tokens: 5 },
  };
  const events = [{ type: 'message_start', message }, ...blocks, end, { type: 'message_stop' }];
  return events.map(event => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');
}

const modules = installed();
const describeReal = modules === undefined ? describe.skip : describe;

describeReal(
  'the real Claude Code (needs it and claude-agent-acp, on the PATH or in RUNLEDGER_CLAUDE_CODE_MODULES)',
  () => {
    let ground: Ground;
    let model: Server;
    const keys = new Set<unknown>();
    let calls = 0;

    async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
      const body = await text(request);
      if (request.method !== 'POST' || !request.url?.startsWith('/v1/messages?'))
        return void response.writeHead(404).end('{}');
      keys.add(request.headers['x-api-key']);
      const call = {
        type: 'tool_use',
        id: `toolu_${(calls += 1)}`,
        name: 'Bash',
        input: { command: 'echo real > made.txt; cat made.txt', description: 'Make it' },
      };
      if (body.includes('Share it out') && !body.includes('one of several agents')) return share(body, response);
      const isDone = /tool_result[^}]*real/.test(body);
      const said = isDone
        ? eventsOf([{ type: 'text', text: 'It is made.' }], 'end_turn')
        : eventsOf([call], 'tool_use');
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(said);
    }

    /** Of the one that starts others. */
    function share(body: string, response: ServerResponse): void {
      const input = { agents: [{ prompt: 'Make a file.' }] };
      const spawn = { type: 'tool_use', id: `toolu_${(calls += 1)}`, name: 'mcp__runledger__spawn_agents', input };
      const isDone = /tool_result[^}]*It is made/.test(body);
      const said = isDone
        ? eventsOf([{ type: 'text', text: 'It was made for me.' }], 'end_turn')
        : eventsOf([spawn], 'tool_use');
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(said);
    }

    beforeAll(async () => {
      model = createServer((request, response) => void answer(request, response)).listen(0, '127.0.0.1');
      await once(model, 'listening');
      ground = await Ground.make();
      const mounts = [{ source: modules!, target: '/mnt/claude/node_modules', mode: 'ro' as const }];
      const limits = { memoryBytes: 2_147_483_648, pids: 256 };
      await ground.publishProfile(testProfile({ mounts, limits }), [modules!]);
      const connecting = await ground.wiredService();
      const baseUrl = `http://127.0.0.1:${(model.address() as AddressInfo).port}`;
      const command = `node /mnt/claude/node_modules/${ADAPTER}`;
      await connect(ground, 'claude', 'claude-code', { command, apiKey: 'sk-outside', baseUrl });
      await connecting.stop();
    });
    afterAll(async () => {
      model.closeAllConnections();
      model.close();
      await ground.giveBack();
    });

    it('works in the sandbox with a key that is not there, and its call is in the transcript', async () => {
      const service = await ground.wiredService({ mountSources: [modules!] });
      const agent: AgentWork = { provider: 'claude-code', model: 'default', prompt: 'Make a file.' };
      const ready = await ground.ready({ runId: newRunId(), agent, timeoutMs: 90_000 });
      const ended = await ground.end(ready, 100_000);
      expect([ended.outcome, ended.error, ended.summary]).toEqual(['SUCCESS', undefined, 'It is made.']);
      await service.stop();
      expect([...keys]).toEqual(['sk-outside']);
      const events = await ground.transcript(ready);
      expectWholeTranscript(events);
      expect(JSON.stringify(events)).not.toContain('sk-outside');
      expect(await dataOf(ground, ready, 'ToolCallStarted')).toMatchObject([
        { tool: 'bash', arguments: { command: 'echo real > made.txt; cat made.txt' } },
      ]);
      expect(await dataOf(ground, ready, 'ToolCallEnded')).toMatchObject([
        { state: 'ok', output: expect.stringContaining('real') as string },
      ]);
      const [usage] = await dataOf(ground, ready, 'UsageRecorded');
      expect(usage).toMatchObject({ usage: { kind: 'model', provider: 'anthropic' } });
    }, 120_000);

    it('starts agents that are itself, by a tool of ours', async () => {
      const service = await ground.wiredService({ mountSources: [modules!] });
      const agent: AgentWork = {
        provider: 'claude-code',
        model: 'default',
        prompt: 'Share it out.',
        tools: ['spawn_agents'],
      };
      const ready = await ground.ready({ runId: newRunId(), agent, timeoutMs: 90_000 });
      const ended = await ground.end(ready, 100_000);
      expect([ended.outcome, ended.error, ended.summary]).toEqual(['SUCCESS', undefined, 'It was made for me.']);
      await service.stop();
      const ends = await dataOf(ground, ready, 'ToolCallEnded');
      expect(ends.map(({ tool, state, agent: who }) => [tool, state, who])).toEqual([
        ['bash', 'ok', '1'],
        ['agent', 'ok', '1'],
        ['spawn_agents', 'ok', undefined],
      ]);
      const used = (await dataOf(ground, ready, 'UsageRecorded')).map(({ agent: who }) => who);
      expect(used).toEqual(expect.arrayContaining(['1', undefined]));
    }, 120_000);

    it('is ended while people are asked, goes on with its conversation when they have answered, and is asked about once', async () => {
      const agents = { ...readSandboxConfig({}).agents, place: 'service', holdMs: 0 } as const;
      const service = await ground.wiredService({ mountSources: [modules!], agents });
      const agent: AgentWork = {
        provider: 'claude-code',
        model: 'default',
        prompt: 'Make a file.',
        permissions: 'ASK',
      };
      const ready = await ground.ready({ runId: newRunId(), agent, timeoutMs: 90_000 });
      await eventually(async () => (await dataOf(ground, ready, 'PermissionRequested')).length > 0, 60_000);
      await allow(ground, ready);
      expect(await ground.end(ready, 100_000)).toMatchObject({ outcome: 'SUCCESS', summary: 'It is made.' });
      await service.stop();
      expectWholeTranscript(await ground.transcript(ready));
      for (const type of ['PermissionRequested', 'AnswerReceived', 'AgentSessionOpened', 'ToolCallStarted'] as const) {
        expect(await dataOf(ground, ready, type)).toHaveLength(1);
      }
      expect(await dataOf(ground, ready, 'ToolCallEnded')).toMatchObject([{ state: 'ok' }]);
    }, 180_000);
  },
);
