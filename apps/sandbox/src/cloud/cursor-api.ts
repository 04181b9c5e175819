import { z } from 'zod';
import { faultOfStatus } from '../agent/model-fault.js';
import type { ModelFault } from '../agent/model-fault.js';
import type { AbortedCall, FailedCall } from '../agent/model-turn.js';
import type { HttpAnswer } from '../http/http-answer.js';
import { HttpClient } from '../http/http-client.js';
import type { Connection } from '../integrations/credentials.js';

/** https://cursor.com/docs/cloud-agent/api/endpoints, version 1: a durable agent, and a run for each prompt. */
const BASE_URL = 'https://api.cursor.com';
const ANSWER_MS = 60_000;
const PAGE = 100;
const MOST_PAGES = 10;

const http = new HttpClient();
/** Events are few, short and wanted at once. */
const unpacked = new HttpClient({ packed: false });

const branch = z.object({ repoUrl: z.string(), branch: z.string().nullish(), prUrl: z.string().nullish() });
export type CloudBranch = z.infer<typeof branch>;

/** One prompt and what came of it. Its status is the truth; what the stream tells is a hint. */
const run = z.object({
  id: z.string(),
  status: z.string(),
  createdAt: z.string().nullish(),
  result: z.string().nullish(),
  git: z.object({ branches: z.array(branch).nullish() }).nullish(),
});
export type CloudRun = z.infer<typeof run>;

const agent = z.object({ id: z.string(), name: z.string().nullish() });
const created = z.object({ agent, run });
const tokens = z.record(z.string(), z.unknown());
const usage = z.object({
  totalUsage: tokens.nullish(),
  runs: z.array(z.object({ id: z.string().nullish(), usage: tokens.nullish() })).nullish(),
});
const page = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullish() });
const problem = z.object({ error: z.object({ code: z.string().nullish(), message: z.string().nullish() }) });

export interface WantedAgent {
  readonly agentId: string;
  /** Shown in the vendor's list, and what an agent is found by of which nobody knows whether it was made. */
  readonly name: string;
  readonly prompt: string;
  readonly model?: string;
  readonly repositories: readonly { readonly url: string; readonly branch?: string | undefined }[];
  readonly pullRequests: boolean;
}

/** What became of a request. `absent` and `conflict` are answers like others. */
export type CloudAnswer<Value> =
  { readonly status: 'finished'; readonly value: Value | 'absent' | 'conflict' } | FailedCall | AbortedCall;

/** The agents of one account. Each method is one request, and retries nothing. */
export class CursorApi {
  readonly #base: string;
  readonly #authorization: string;

  constructor(
    { settings, secrets }: Connection,
    private readonly signal: AbortSignal,
  ) {
    this.#base = (settings['baseUrl'] ?? BASE_URL).replace(/\/+$/, '');
    this.#authorization = `Bearer ${secrets['apiKey'] ?? ''}`;
  }

  /** `conflict`: there is an agent of this id. Answers the agent's id, which the vendor may have chosen itself, and its first run. */
  create(wanted: WantedAgent): Promise<CloudAnswer<z.infer<typeof created>>> {
    const { agentId, name, model, repositories, pullRequests } = wanted;
    const body = {
      agentId,
      name,
      prompt: { text: wanted.prompt },
      ...(model !== undefined && { model: { id: model } }),
      ...(repositories.length > 0 && {
        repos: repositories.map(({ url, branch: startingRef }) => ({ url, ...(startingRef && { startingRef }) })),
        autoCreatePR: pullRequests,
      }),
    };
    return this.#ask(created, 'POST', '/v1/agents', { body, key: agentId });
  }

  agent(agentId: string): Promise<CloudAnswer<z.infer<typeof agent>>> {
    return this.#ask(agent, 'GET', `/v1/agents/${encodeURIComponent(agentId)}`);
  }

  /** The newest agents of the account. */
  agents(): Promise<CloudAnswer<{ items: z.infer<typeof agent>[] }>> {
    return this.#ask(page(agent), 'GET', `/v1/agents?limit=${PAGE}&includeArchived=true`);
  }

  /** Of an agent, the oldest first. */
  async runs(agentId: string): Promise<CloudAnswer<readonly CloudRun[]>> {
    const found: CloudRun[] = [];
    let cursor: string | null | undefined;
    for (let pages = 0; pages < MOST_PAGES; pages += 1) {
      const from = cursor ? `&cursor=${encodeURIComponent(cursor)}` : '';
      const path = `/v1/agents/${encodeURIComponent(agentId)}/runs?limit=${PAGE}${from}`;
      const answer = await this.#ask(page(run), 'GET', path);
      if (answer.status !== 'finished') return answer;
      if (typeof answer.value === 'string') return { status: 'finished', value: answer.value };
      found.push(...answer.value.items);
      cursor = answer.value.nextCursor;
      if (!cursor) break;
    }
    return { status: 'finished', value: found.sort(byAge) };
  }

  run(agentId: string, runId: string): Promise<CloudAnswer<CloudRun>> {
    return this.#ask(run, 'GET', pathOf(agentId, runId));
  }

  /** `conflict`: it has a run under way. */
  followUp(agentId: string, prompt: string, key: string): Promise<CloudAnswer<{ run: CloudRun }>> {
    const body = { prompt: { text: prompt } };
    return this.#ask(z.object({ run }), 'POST', `/v1/agents/${encodeURIComponent(agentId)}/runs`, { body, key });
  }

  /** `conflict`: it is over. Does not stop with the attempt: it is what stops. */
  cancel(agentId: string, runId: string): Promise<CloudAnswer<unknown>> {
    return this.#ask(z.unknown(), 'POST', `${pathOf(agentId, runId)}/cancel`, {
      signal: AbortSignal.timeout(ANSWER_MS),
    });
  }

  usage(agentId: string, runId: string): Promise<CloudAnswer<z.infer<typeof usage>>> {
    const query = `runId=${encodeURIComponent(runId)}`;
    return this.#ask(usage, 'GET', `/v1/agents/${encodeURIComponent(agentId)}/usage?${query}`);
  }

  /** What happens in a run, as server-sent events. Throws where nobody answers. */
  stream(agentId: string, runId: string, after: string | undefined, signal: AbortSignal): Promise<HttpAnswer> {
    const headers = {
      ...{ authorization: this.#authorization, accept: 'text/event-stream' },
      ...(after !== undefined && { 'last-event-id': after }),
    };
    return unpacked.fetch(`${this.#base}${pathOf(agentId, runId)}/stream`, { headers, signal });
  }

  async #ask<Value>(
    schema: z.ZodType<Value>,
    method: 'GET' | 'POST',
    path: string,
    { body, key, signal = this.signal }: Asked = {},
  ): Promise<CloudAnswer<Value>> {
    try {
      const headers = {
        ...{ authorization: this.#authorization, accept: 'application/json' },
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(key !== undefined && { 'idempotency-key': key }),
      };
      const within = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
      const sent = { method, headers, signal: within };
      const response = await http.fetch(
        `${this.#base}${path}`,
        body === undefined ? sent : { ...sent, body: JSON.stringify(body) },
      );
      return await answerOf(schema, response);
    } catch (error) {
      if (signal.aborted) return { status: 'aborted', usage: undefined };
      return failed({ code: 'connection_lost', message: `The connection to Cursor failed: ${reasonOf(error)}` });
    }
  }
}

interface Asked {
  readonly body?: object;
  /** The same request under the same key takes effect once. */
  readonly key?: string;
  readonly signal?: AbortSignal;
}

async function answerOf<Value>(schema: z.ZodType<Value>, response: HttpAnswer): Promise<CloudAnswer<Value>> {
  const text = await response.text();
  const body = jsonOf(text);
  if (response.ok) {
    const parsed = schema.safeParse(body);
    if (parsed.success) return { status: 'finished', value: parsed.data };
    return failed({ code: 'provider_refused', message: `Cursor answered something else than its interface says.` });
  }
  if (response.status === 404) return { status: 'finished', value: 'absent' };
  if (response.status === 409) return { status: 'finished', value: 'conflict' };
  const told = problem.safeParse(body);
  const said = told.success ? `${told.data.error.code ?? ''} ${told.data.error.message ?? ''}`.trim() : text;
  return failed(faultOfStatus(response.status, said, Object.fromEntries(response.headers)));
}

function failed(fault: ModelFault): FailedCall {
  return { status: 'failed', fault, usage: undefined };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // whoever reads it says what is wrong
  }
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
}

function pathOf(agentId: string, runId: string): string {
  return `/v1/agents/${encodeURIComponent(agentId)}/runs/${encodeURIComponent(runId)}`;
}

function byAge(one: CloudRun, other: CloudRun): number {
  return Date.parse(one.createdAt ?? '') - Date.parse(other.createdAt ?? '');
}
