import { ApprovalDecided } from '@runledger/contracts';
import type { AttemptEvent, IntegrationKind, ProfileDefinition } from '@runledger/contracts';
import { newUuid } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';
import { systemClock } from '@runledger/platform';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ReadyStep } from '../attempt/attempt-place.js';
import type { Ground } from '../attempt/ground.fixture.js';

/** One thing that the scripted agent does; its prompt is a list of them. */
export type Act =
  | { readonly say: string }
  | { readonly think: string }
  | { readonly plan: readonly { readonly content: string; readonly status: string }[] }
  | {
      readonly call: string;
      readonly kind?: string;
      readonly run?: string;
      readonly ask?: boolean;
      readonly input?: object;
      readonly diff?: object;
    }
  /** A tool of a server that its session was told of; it says what came of it. `servers`: what it was told, and its environment. */
  | { readonly use: string; readonly server: string; readonly input: object; readonly timeout?: number }
  /** `garbage`: a line that is no message; `crash`: it dies; `hang`: it never answers; `fetch`: asks its model's address. */
  | { readonly body?: object; readonly do: 'garbage' | 'crash' | 'hang' | 'fetch' | 'env' | 'servers' }
  | { readonly fail: { readonly code: number; readonly message: string } };

/**
 * A program that speaks the Agent Client Protocol as it is on the wire, without a library for it: it does what its prompt says, keeps
 * its conversation in its home, tells it again when it is loaded, and goes on where it was when it is asked to.
 */
const PROGRAM = `
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
const has = name => process.argv.includes('--' + name);
const home = process.env.HOME + '/.scripted-agent';
mkdirSync(home, { recursive: true });
const send = message => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\\n');
const asked = new Map();
let ids = 0, cancelled = false, servers = [], session, wake = () => {};
const ask = (method, params) => new Promise(resolve => { asked.set(++ids, resolve); send({ id: ids, method, params }); });
// Whole or as it was: it may be killed at any moment.
const keep = () => {
  const next = home + '/next-' + session.id;
  writeFileSync(next, JSON.stringify(session));
  renameSync(next, home + '/' + session.id);
};
const update = said => { send({ method: 'session/update', params: { sessionId: session.id, update: said } }); };
const tell = said => { session.told.push(said); keep(); update(said); };
const text = said => ({ type: 'text', text: said });
async function call(act) {
  const toolCallId = act.call + '.' + session.starts;
  const shown = { toolCallId, title: act.call, kind: act.kind ?? 'execute', rawInput: act.input ?? { command: act.run } };
  const diff = act.diff ? { content: [{ type: 'diff', ...act.diff }] } : {};
  tell({ sessionUpdate: 'tool_call', status: 'pending', ...shown, ...diff });
  if (act.ask) {
    const options = [['yes', 'allow_once'], ['ever', 'allow_always'], ['no', 'reject_once']].map(([optionId, kind]) => ({ optionId, kind, name: optionId }));
    const { outcome } = await ask('session/request_permission', { sessionId: session.id, toolCall: { toolCallId }, options });
    if (outcome.optionId !== 'yes') return tell({ sessionUpdate: 'tool_call_update', toolCallId, status: 'failed', content: [{ type: 'content', content: text('not allowed') }] });
  }
  tell({ sessionUpdate: 'tool_call_update', toolCallId, status: 'in_progress' });
  let output = '', code = 0;
  if (act.run) {
    const child = spawn('bash', ['-c', act.run], { stdio: ['ignore', 'pipe', 'inherit'] });
    wake = () => child.kill('SIGKILL');
    child.stdout.on('data', chunk => { output += chunk; update({ sessionUpdate: 'tool_call_update', toolCallId, content: [{ type: 'content', content: text(output) }] }); });
    code = await new Promise(resolve => child.on('close', resolve));
  }
  const content = act.diff ? [{ type: 'diff', ...act.diff }] : [{ type: 'content', content: text(output) }];
  tell({ sessionUpdate: 'tool_call_update', toolCallId, status: code === 0 ? 'completed' : 'failed', content, rawOutput: { exit_code: code } });
}
// With the library that real clients are made with, which knows servers over HTTP and as programs.
async function connected(server) {
  const { Client, StdioClientTransport, StreamableHTTPClientTransport } = await import('./client.mjs');
  const client = new Client({ name: 'scripted', version: '1' });
  const env = { ...process.env, ...Object.fromEntries((server.env ?? []).map(({ name, value }) => [name, value])) };
  const { command, args } = server;
  await client.connect(server.type === 'http' ? new StreamableHTTPClientTransport(new URL(server.url)) : new StdioClientTransport({ command, args, env }));
  return client;
}
async function use({ use: name, server, input, timeout = 60_000 }) {
  const toolCallId = 'use.' + name + '.' + session.starts + '.' + session.at;
  const title = 'mcp__' + server + '__' + name;
  tell({ sessionUpdate: 'tool_call', status: 'pending', toolCallId, title, kind: 'other', rawInput: input });
  if (has('asks')) {
    const options = [{ optionId: 'yes', kind: 'allow_once', name: 'yes' }];
    await ask('session/request_permission', { sessionId: session.id, toolCall: { toolCallId }, options });
  }
  const client = await connected(servers.find(one => one.name === server));
  const { tools } = await client.listTools();
  const done = await client.callTool({ name, arguments: input }, { timeout }).catch(error => ({ content: [text(error.message)] }));
  await client.close();
  const said = done.content[0].text;
  tell({ sessionUpdate: 'tool_call_update', toolCallId, status: 'completed', content: [{ type: 'content', content: text(said) }] });
  tell({ sessionUpdate: 'agent_message_chunk', content: text('[' + tools.map(tool => tool.name) + '] ' + said + '. ') });
}
async function act(one) {
  if (one.say !== undefined) for (const piece of one.say.match(/.{1,4}/gs)) tell({ sessionUpdate: 'agent_message_chunk', content: text(piece) });
  if (one.think) tell({ sessionUpdate: 'agent_thought_chunk', content: text(one.think) });
  if (one.plan) tell({ sessionUpdate: 'plan', entries: one.plan.map(entry => ({ priority: 'medium', ...entry })) });
  if (one.call) await call(one);
  if (one.use) await use(one);
  if (one.do === 'servers') tell({ sessionUpdate: 'agent_message_chunk', content: text(JSON.stringify([servers, process.env])) });
  if (one.do === 'garbage') process.stdout.write('Warning: this is no message {\\n');
  if (one.do === 'crash') { console.error('it hurts'); process.exit(9); }
  if (one.do === 'hang') await new Promise(resolve => { wake = resolve; });
  if (one.do === 'env') tell({ sessionUpdate: 'agent_message_chunk', content: text(JSON.stringify(process.env)) });
  if (one.do === 'fetch') {
    const answer = await fetch((process.env.ANTHROPIC_BASE_URL ?? session.gateway) + '/v1/messages', { method: 'POST', body: JSON.stringify({ model: 'sonnet', max_tokens: 100, ...one.body }), headers: { 'x-api-key': 'my own' } });
    tell({ sessionUpdate: 'agent_message_chunk', content: text(answer.status + ' ' + await answer.text()) });
  }
  if (one.fail) throw one.fail;
}
const answers = {
  initialize: () => ({
    protocolVersion: 1, agentInfo: { name: 'scripted', title: 'Scripted', version: '1.0' },
    agentCapabilities: { loadSession: !has('no-load'), mcpCapabilities: { http: has('http') } }, authMethods: [],
  }),
  'session/new': ({ mcpServers }) => {
    servers = mcpServers;
    if (has('signed-out')) throw { code: -32000, message: 'Authentication required' };
    session = { id: 'session-' + randomUUID(), acts: [], at: 0, told: [], prompts: 0, starts: 1 };
    keep();
    return { sessionId: session.id };
  },
  'session/load': ({ sessionId, mcpServers }) => {
    servers = mcpServers;
    if (!existsSync(home + '/' + sessionId)) throw { code: -32002, message: 'There is no session ' + sessionId };
    session = JSON.parse(readFileSync(home + '/' + sessionId, 'utf8'));
    session.starts += 1;
    keep();
    session.told.forEach(update);
    return {};
  },
  'session/prompt': async ({ prompt }) => {
    const said = prompt[0].text;
    session.prompts += 1;
    session.told.push({ sessionUpdate: 'user_message_chunk', content: text(said) });
    const script = /\\[\\{.*\\}\\]/s.exec(said);
    if (script && !said.startsWith('You were interrupted')) Object.assign(session, { acts: JSON.parse(script[0]), at: 0 });
    keep();
    while (session.at < session.acts.length && !cancelled) {
      await act(session.acts[session.at]);
      if (cancelled) break;
      session.at += 1;
      keep();
    }
    const usage = has('usage') ? { usage: { totalTokens: 33, inputTokens: 20, outputTokens: 5, thoughtTokens: 2, cachedReadTokens: 8 } } : {};
    return { stopReason: cancelled ? 'cancelled' : 'end_turn', ...usage };
  },
};
createInterface({ input: process.stdin }).on('line', async line => {
  const { id, method, params, result } = JSON.parse(line);
  if (method === 'session/cancel') { cancelled = true; writeFileSync('/workspace/cancelled', ''); return wake(); }
  if (method === undefined) return asked.get(id)?.(result);
  try {
    send({ id, result: await answers[method](params) });
  } catch (error) {
    send({ id, error: error.code ? error : { code: -32603, message: String(error) } });
  }
}).on('close', () => process.exit());
`;

const PLACE = '/mnt/agent';

/** The library with which real programs speak to servers, in one file: sandboxes see no `node_modules`. */
const CLIENT = `
  export { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
  export { StdioClientTransport } from '@modelcontextprotocol/client/stdio';`;
const BANNER = 'import{createRequire}from"node:module";const require=createRequire(import.meta.url);';
const BUNDLED = ['--bundle', '--platform=node', '--format=esm', '--log-level=error', `--banner:js=${BANNER}`];

/** Puts the program where the sandboxes of this profile find it. Answers the mount. */
export function installScriptedAgent(ground: Pick<Ground, 'directory'>): ProfileDefinition['mounts'] {
  const source = join(ground.directory, 'agent');
  mkdirSync(source, { recursive: true });
  chmodSync(source, 0o755);
  writeFileSync(join(source, 'agent.mjs'), PROGRAM, { mode: 0o644 });
  execFileSync('node_modules/.bin/esbuild', [...BUNDLED, `--outfile=${join(source, 'client.mjs')}`], { input: CLIENT });
  return [{ source, target: PLACE, mode: 'ro' }];
}

export function scriptedCommand(...options: readonly string[]): string {
  return ['node', `${PLACE}/agent.mjs`, ...options.map(option => `--${option}`)].join(' ');
}

/** Connects an integration of the workspace of every spec. */
export async function connect(
  ground: Ground,
  name: string,
  kind: IntegrationKind,
  fields: Readonly<Record<string, string>>,
): Promise<void> {
  const actor = { kind: 'member', id: 'mem_ada' } as const;
  const place = {
    commandId: newUuid(),
    workspaceId: 'ws_test',
    correlationId: newUuid(),
    occurredAt: systemClock.now(),
  };
  const outcome = await ground.integrations!.connect({ name, kind, fields }, { ...place, actor });
  if (outcome.status === 'refused') throw new Error(JSON.stringify(outcome.refusal));
}

export function scriptOf(acts: readonly Act[]): string {
  return JSON.stringify(acts);
}

export async function dataOf<Type extends AttemptEvent['type']>(ground: Ground, ready: ReadyStep, type: Type) {
  return (await ground.transcript(ready)).flatMap(event =>
    event.type === type ? [event.data as Extract<AttemptEvent, { type: Type }>['data']] : [],
  );
}

/** As if Ada had allowed the first call that was asked about, once. */
export async function allow(ground: Ground, ready: ReadyStep): Promise<void> {
  const { callId } = (await dataOf(ground, ready, 'PermissionRequested'))[0]!;
  const { runId, step } = ready;
  const by = { kind: 'member', id: 'mem_ada', name: 'Ada' } as const;
  const requestId = `apr_${runId.slice(4)}.ask.1`;
  const decided = { requestId, runId, step, kind: 'permission', decision: 'ALLOW_ONCE', how: 'PEOPLE', by } as const;
  const calls = [{ step, attempt: 1, callId }];
  const data = { ...decided, calls, shownHash: 'x', decidedAt: systemClock.now() };
  await ground.record(streamOf('approval', requestId), runId, [ApprovalDecided(data)]);
}
