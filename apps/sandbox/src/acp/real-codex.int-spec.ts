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
import { allow, connect, dataOf } from './scripted-agent.fixture.js';

const ADAPTER = '@agentclientprotocol/codex-acp/dist/index.js';

/** The `node_modules` in which Codex and its adapter are installed: what is said, else that of a program on the PATH. */
function installed(): string | undefined {
  const said = process.env['RUNLEDGER_CODEX_MODULES'];
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const places = [...(said === undefined ? [] : [said]), ...folders.map(folder => join(folder, '../lib/node_modules'))];
  return places.find(place => existsSync(join(place, ADAPTER)));
}

/** What a model answers, as the Responses API streams it. */
function eventsOf(item: object): string {
  const response = { id: 'resp_1', status: 'in_progress' };
  const usage = {
    input_tokens: 100,
    input_tokens_details: { cached_tokens: 40 },
    output_tokens: 20,
    total_tokens: 120,
  };
  const events = [
    { type: 'response.created', response },
    { type: 'response.output_item.done', output_index: 0, item },
    { type: 'response.completed', response: { ...response, status: 'completed', output: [item], usage } },
  ];
  return events.map(event => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');
}

const modules = installed();
const describeReal = modules === undefined ? describe.skip : describe;

describeReal('the real Codex (needs it and codex-acp, on the PATH or in RUNLEDGER_CODEX_MODULES)', () => {
  let ground: Ground;
  let model: Server;
  const asked: string[] = [];

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    if (!request.url?.endsWith('/responses')) return void response.writeHead(404).end('{}');
    asked.push(`${String(request.headers.authorization)} ${body}`);
    if (body.includes('Share it out') && !body.includes('one of several agents')) return share(body, response);
    const { input } = JSON.parse(body) as { input: readonly { type: string }[] };
    const isDone = input.some(item => item.type.endsWith('_output') && JSON.stringify(item).includes('codex-made'));
    // A sandbox of its own cannot be had in there, and it is told so where it would make one.
    const isTold = body.includes('Your own sandbox cannot be made here');
    const out = isTold ? { sandbox_permissions: 'require_escalated', justification: 'May I?' } : {};
    const command = { cmd: 'echo codex-made > made.txt; cat made.txt', ...out };
    const call = { type: 'function_call', id: 'fc_1', call_id: `call_${asked.length}`, name: 'exec_command' };
    const words = { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'It is made.' }] };
    const made = { ...call, arguments: JSON.stringify(command) };
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(eventsOf(isDone ? words : made));
  }

  /** Of the one that starts others. */
  function share(body: string, response: ServerResponse): void {
    const words = { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Made for me.' }] };
    const input = { agents: [{ prompt: 'Make a file.' }] };
    const named = { name: 'spawn_agents', namespace: 'mcp__runledger' };
    const call = { type: 'function_call', id: 'fc_1', call_id: `call_${asked.length}`, ...named };
    const isDone = body.includes('[Agent 1]');
    const spawn = { ...call, arguments: JSON.stringify(input) };
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(eventsOf(isDone ? words : spawn));
  }

  beforeAll(async () => {
    model = createServer((request, response) => void answer(request, response)).listen(0, '127.0.0.1');
    await once(model, 'listening');
    ground = await Ground.make();
    const mounts = [{ source: modules!, target: '/mnt/codex/node_modules', mode: 'ro' as const }];
    const limits = { memoryBytes: 2_147_483_648, pids: 256 };
    await ground.publishProfile(testProfile({ mounts, limits }), [modules!]);
    const connecting = await ground.wiredService();
    const baseUrl = `http://127.0.0.1:${(model.address() as AddressInfo).port}/v1`;
    await connect(ground, 'codex', 'codex', {
      command: `node /mnt/codex/node_modules/${ADAPTER}`,
      apiKey: 'sk-outside',
      baseUrl,
    });
    await connecting.stop();
  });
  afterAll(async () => {
    model.closeAllConnections();
    model.close();
    await ground.giveBack();
  });

  it.each(['ALLOW', 'ASK'] as const)(
    'works with a key that is not there; what its commands print is in the transcript (%s)',
    async permissions => {
      const service = await ground.wiredService({ mountSources: [modules!] });
      const agent: AgentWork = { provider: 'codex', model: 'default', prompt: 'Make a file.', permissions };
      const ready = await ground.ready({ runId: newRunId(), agent, timeoutMs: 90_000 });
      if (permissions === 'ASK') {
        await eventually(async () => (await dataOf(ground, ready, 'PermissionRequested')).length > 0, 60_000);
        await allow(ground, ready);
      }
      const ended = await ground.end(ready, 100_000);
      expect([ended.outcome, ended.error, ended.summary]).toEqual(['SUCCESS', undefined, 'It is made.']);
      await service.stop();
      expectWholeTranscript(await ground.transcript(ready));
      expect(await dataOf(ground, ready, 'ToolCallEnded')).toMatchObject([{ state: 'ok', output: 'codex-made\n' }]);
      expect(asked.every(said => said.startsWith('Bearer sk-outside'))).toBe(true);
    },
    180_000,
  );

  it('starts agents that are itself, by a tool of ours', async () => {
    const service = await ground.wiredService({ mountSources: [modules!] });
    const agent: AgentWork = { provider: 'codex', model: 'default', prompt: 'Share it out.', tools: ['spawn_agents'] };
    const ready = await ground.ready({ runId: newRunId(), agent, timeoutMs: 90_000 });
    const ended = await ground.end(ready, 100_000);
    expect([ended.outcome, ended.error, ended.summary]).toEqual(['SUCCESS', undefined, 'Made for me.']);
    await service.stop();
    const ends = await dataOf(ground, ready, 'ToolCallEnded');
    expect(ends.map(({ tool, state, agent: who }) => [tool, state, who])).toEqual([
      ['bash', 'ok', '1'],
      ['agent', 'ok', '1'],
      ['spawn_agents', 'ok', undefined],
    ]);
  }, 180_000);
});
