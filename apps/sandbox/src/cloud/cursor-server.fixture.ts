import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

/** What a run does; its prompt is this as JSON. */
export interface CloudScript {
  /** Events of its stream: name and data. */
  readonly events?: readonly (readonly [string, object])[];
  readonly result?: string;
  readonly status?: 'FINISHED' | 'ERROR' | 'EXPIRED';
  readonly branch?: string;
  /** The connection ends after this many events, once. */
  readonly drop?: number;
  /** It does so much, and the rest when it is let go. */
  readonly hold?: number;
  /** Its stream is not kept. */
  readonly expired?: boolean;
  /** It is begun, and nobody hears of it. */
  readonly silent?: 'agent' | 'other-agent';
}

interface Run {
  readonly id: string;
  readonly script: CloudScript;
  readonly createdAt: string;
  status: string;
  dropped: boolean;
}

interface Agent {
  readonly id: string;
  readonly name: string;
  readonly runs: Run[];
}

interface Asked {
  readonly prompt: { readonly text: string };
  readonly agentId?: string;
  readonly name?: string;
}

const KEY = 'crsr_secret';
const PRICE = { inputTokens: 100, outputTokens: 20, cacheReadTokens: 5, cacheWriteTokens: 1, totalTokens: 126 };

/** The Cloud Agents API of Cursor, version 1, as it is documented: agents, runs, their streams, and nothing that works. */
export class CursorServer {
  readonly key = KEY;
  readonly agents: Agent[] = [];
  /** Bodies of what was asked to be made, with the key under which that was. */
  readonly made: Record<string, unknown>[] = [];
  readonly requests: string[] = [];
  /** Answers everything from now on; undefined: nobody is refused. */
  refusal: { readonly status: number; readonly headers?: Record<string, string> } | undefined;
  readonly #server: Server;
  readonly #waiting = new Set<() => void>();

  constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  /** What was held goes on. */
  letGo(): void {
    for (const { runs } of this.agents) for (const run of runs) if (run.status === 'RUNNING') this.#finish(run);
    for (const wake of this.#waiting) wake();
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/', headers } = request;
    const { pathname } = new URL(url, 'http://localhost');
    this.requests.push(`${method} ${pathname.replace(/(bc|run)-[0-9a-z-]+/g, '$1')}`);
    const answer = (status: number, body: object): void =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (headers.authorization !== `Bearer ${KEY}`)
      return answer(401, { error: { code: 'unauthorized', message: 'no' } });
    if (this.refusal) {
      response.writeHead(this.refusal.status, this.refusal.headers).end('{"error":{"code":"rate_limit_exceeded"}}');
      return;
    }
    const [, , , agentId, part, runId, verb] = pathname.split('/');
    const agent = this.agents.find(({ id }) => id === agentId);
    if (method === 'POST' && agentId === undefined) return this.#create(request, response, answer);
    if (agentId === undefined) return answer(200, { items: this.agents.map(shownAgent) });
    if (!agent) return answer(404, { error: { code: 'agent_not_found' } });
    if (method === 'POST' && runId === undefined) return this.#follow(agent, request, answer);
    if (part === 'usage')
      return answer(200, { totalUsage: PRICE, runs: agent.runs.map(({ id }) => ({ id, usage: PRICE })) });
    if (part !== 'runs') return answer(200, shownAgent(agent));
    // The newest first, as the real one lists them.
    if (runId === undefined) return answer(200, { items: [...agent.runs].reverse().map(shownRun) });
    const run = agent.runs.find(({ id }) => id === runId);
    if (!run) return answer(404, { error: { code: 'run_not_found' } });
    if (verb === 'stream') return this.#stream(run, request, response, answer);
    if (verb === 'cancel') {
      run.status = 'CANCELLED';
      return answer(200, { id: run.id });
    }
    return answer(200, shownRun(run));
  }

  async #create(
    request: IncomingMessage,
    response: ServerResponse,
    answer: (status: number, body: object) => void,
  ): Promise<void> {
    const asked = (await json(request)) as Asked;
    this.made.push({ ...asked, key: request.headers['idempotency-key'] });
    if (this.agents.some(({ id }) => id === asked.agentId))
      return answer(409, { error: { code: 'agent_id_conflict' } });
    const script = scriptIn(asked.prompt.text);
    const id = script.silent === 'other-agent' ? `bc-its-own-${this.agents.length}` : asked.agentId;
    const agent = { id: id ?? 'bc-none', name: asked.name ?? '', runs: [] };
    this.agents.unshift(agent);
    const run = this.#run(agent, script);
    if (script.silent) return void response.destroy();
    answer(201, { agent: shownAgent(agent), run: shownRun(run) });
  }

  async #follow(agent: Agent, request: IncomingMessage, answer: (status: number, body: object) => void): Promise<void> {
    const asked = (await json(request)) as Asked;
    this.made.push({ ...asked, key: request.headers['idempotency-key'] });
    if (agent.runs.some(({ status }) => status === 'RUNNING')) return answer(409, { error: { code: 'agent_busy' } });
    answer(201, { run: shownRun(this.#run(agent, scriptIn(asked.prompt.text))) });
  }

  #run(agent: Agent, script: CloudScript): Run {
    const order = this.agents.reduce((sum, { runs }) => sum + runs.length, 0);
    const createdAt = new Date(Date.UTC(2026, 10, 21) + order * 1_000).toISOString();
    const run: Run = { id: `run-${order}`, script, createdAt, status: 'RUNNING', dropped: false };
    agent.runs.push(run);
    if (script.hold === undefined) this.#finish(run);
    return run;
  }

  #finish(run: Run): void {
    run.status = run.script.status ?? 'FINISHED';
  }

  async #stream(
    run: Run,
    { headers }: IncomingMessage,
    response: ServerResponse,
    answer: (status: number, body: object) => void,
  ): Promise<void> {
    const { script } = run;
    if (script.expired) return answer(410, { error: { code: 'stream_expired' } });
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(`event: status\ndata: {"runId":"${run.id}","status":"${run.status}"}\n\n`);
    const events = script.events ?? [];
    for (let at = Number(headers['last-event-id'] ?? -1) + 1; at < events.length; at += 1) {
      if (script.drop === at && !run.dropped) {
        run.dropped = true;
        return void response.destroy();
      }
      if (script.hold === at) await this.#letGo(run, response);
      if (response.destroyed) return;
      const [event, data] = events[at]!;
      // In pieces, as networks deliver them.
      const text = `event: ${event}\nid: ${at}\ndata: ${JSON.stringify(data)}\n\n`;
      response.write(text.slice(0, 9));
      response.write(text.slice(9));
    }
    if (script.hold === events.length) await this.#letGo(run, response);
    response.end(
      `event: result\nid: end\ndata: {"runId":"${run.id}","status":"${run.status}"}\n\nevent: done\ndata: {}\n\n`,
    );
  }

  async #letGo(run: Run, response: ServerResponse): Promise<void> {
    if (run.status !== 'RUNNING') return;
    await new Promise<void>(resolve => {
      this.#waiting.add(resolve);
      response.once('close', resolve);
    });
  }
}

function scriptIn(prompt: string): CloudScript {
  return JSON.parse(/\{.*\}/s.exec(prompt.split('\n')[0]!)?.[0] ?? '{}') as CloudScript;
}

function shownAgent({ id, name, runs }: Agent) {
  const url = `https://cursor.com/agents?id=${id}`;
  return { id, name, status: 'ACTIVE', env: { type: 'cloud' }, url, latestRunId: runs.at(-1)?.id };
}

function shownRun({ id, status, createdAt, script }: Run) {
  const over = status !== 'RUNNING';
  const branches = script.branch
    ? [{ repoUrl: 'https://git.example/acme/app', branch: script.branch, prUrl: 'https://git.example/acme/app/pull/7' }]
    : [];
  return { id, status, createdAt, ...(over && { result: script.result ?? '', git: { branches }, durationMs: 5 }) };
}
