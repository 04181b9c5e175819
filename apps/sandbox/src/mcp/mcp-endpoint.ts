import type { Json } from '@runledger/contracts';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { SlowAnswer } from './slow-answer.js';

/** A tool as the protocol lists it. */
export interface ServedTool {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: Readonly<Record<string, unknown>>;
}

export interface ToolAnswer {
  readonly text: string;
  readonly isError: boolean;
}

/** What one server has, and who does its work. */
export interface ServedServer {
  readonly name: string;
  readonly tools: readonly ServedTool[];
  /** `gone` aborts when nobody waits for the answer any more. */
  call(tool: string, input: Record<string, Json>, gone: AbortSignal): Promise<ToolAnswer>;
}

const MOST_BYTES = 4_194_304;
/** Versions in which the messages that are answered here mean the same. */
const VERSIONS = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'];
const NEWEST = '2025-11-25';
const PARSE_ERROR = -32_700;
const INVALID_REQUEST = -32_600;
const NO_SUCH_METHOD = -32_601;
const INVALID_PARAMS = -32_602;

const message = z.object({
  jsonrpc: z.literal('2.0'),
  id: z.union([z.string(), z.number()]).optional(),
  method: z.string().optional(),
  params: z.record(z.string(), z.unknown()).optional(),
});
const requestId = z.union([z.string(), z.number()]);
const called = z.object({
  name: z.string(),
  arguments: z.record(z.string(), z.json()).optional(),
  _meta: z.object({ progressToken: requestId.optional().catch(undefined) }).optional(),
});
const cancelled = z.object({ requestId });

/** Calls under way, by the ids of their requests. */
type UnderWay = Map<string | number, AbortController>;

/**
 * A server of the Model Context Protocol over streamable HTTP, for programs inside of a sandbox: each request is answered as it comes,
 * and of all that it hears it keeps only which calls are under way.
 */
export function mcpEndpoint(server: ServedServer): (request: IncomingMessage, response: ServerResponse) => void {
  const underWay: UnderWay = new Map();
  return (request, response) => {
    if (request.method !== 'POST') return void response.writeHead(405, { allow: 'POST' }).end();
    bodyOf(request)
      .then(body =>
        body === undefined
          ? reply(response, failure(undefined, PARSE_ERROR, 'This is too long, or no JSON.'))
          : answer({ server, underWay, request, response }, body),
      )
      .catch(() => response.destroy()); // the connection broke, or the agent is ended: nobody waits for an answer
  };
}

interface Asked {
  readonly server: ServedServer;
  readonly underWay: UnderWay;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

async function answer(to: Asked, body: unknown): Promise<void> {
  const { server, response } = to;
  const asked = message.safeParse(body).data;
  if (!asked) return reply(response, failure(undefined, INVALID_REQUEST, 'This is no message of JSON-RPC 2.0.'));
  const { id, method, params = {} } = asked;
  // Notifications, and answers to what was never asked.
  if (id === undefined || method === undefined) {
    const given = method === 'notifications/cancelled' ? cancelled.safeParse(params).data : undefined;
    if (given) to.underWay.get(given.requestId)?.abort();
    return void response.writeHead(202).end();
  }
  if (method === 'tools/call') return call(to, id, params);
  reply(response, answerTo(server, id, method, params));
}

async function call(
  { server, underWay, request, response }: Asked,
  id: string | number,
  params: Record<string, unknown>,
): Promise<void> {
  const asked = called.safeParse(params).data;
  if (!asked)
    return reply(response, failure(id, INVALID_PARAMS, 'A call names a tool, and its arguments as an object.'));
  if (!server.tools.some(({ name }) => name === asked.name)) {
    return reply(response, failure(id, INVALID_PARAMS, `There is no tool ${asked.name} here.`));
  }
  const gone = new AbortController();
  underWay.set(id, gone);
  response.once('close', () => gone.abort());
  const streams = (request.headers.accept ?? '').includes('text/event-stream');
  const answering = new SlowAnswer(response, streams, asked._meta?.progressToken);
  try {
    const { text, isError } = await server.call(asked.name, asked.arguments ?? {}, gone.signal);
    if (gone.signal.aborted) answering.drop();
    else answering.end(success(id, { content: [{ type: 'text', text }], isError }));
  } finally {
    answering.stop();
    if (underWay.get(id) === gone) underWay.delete(id);
    gone.abort();
  }
}

function answerTo(server: ServedServer, id: string | number, method: string, params: Record<string, unknown>): object {
  switch (method) {
    case 'initialize': {
      const wanted = params['protocolVersion'];
      const protocolVersion = VERSIONS.find(version => version === wanted) ?? NEWEST;
      const serverInfo = { name: server.name, version: '1' };
      return success(id, { protocolVersion, capabilities: { tools: {} }, serverInfo });
    }
    case 'ping':
      return success(id, {});
    case 'tools/list':
      return success(id, { tools: server.tools });
    default:
      return failure(id, NO_SUCH_METHOD, `${method} is not answered here.`);
  }
}

/** Undefined: it is too long, or no JSON. */
async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > MOST_BYTES) return undefined;
    chunks.push(chunk as Buffer);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    return undefined;
  }
}

function success(id: string | number, result: object): object {
  return { jsonrpc: '2.0', id, result };
}

function failure(id: string | number | undefined, code: number, text: string): object {
  return { jsonrpc: '2.0', id: id ?? null, error: { code, message: text } };
}

function reply(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
