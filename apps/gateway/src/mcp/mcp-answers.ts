import { Inject, Injectable } from '@nestjs/common';
import { GraphQLSchemaHost } from '@nestjs/graphql';
import { McpServer, WebStandardStreamableHTTPServerTransport, type CallToolResult } from '@modelcontextprotocol/server';
import { execute, parse, type DocumentNode } from 'graphql';
import type { GraphContext } from '../graph/graph-context.js';
import { shownError } from '../graph/shown-errors.js';
import { MCP_TOOLS, type McpTool } from './mcp-tools.js';

const INSTRUCTIONS = [
  'Runledger runs flows: steps done by agents and programs, with gates where people decide.',
  'Begin with list_flows, look ahead with preflight, start with start_flow, and follow with get_run until the status is COMPLETED, FAILED,',
  'REJECTED or CANCELLED. A run that is PAUSED or BLOCKED says in waitingOn what it waits for.',
].join(' ');

/** One request of a client as it came by HTTP, and who sent it. */
export interface McpRequest {
  readonly url: string;
  readonly headers: Headers;
  /** Parsed. */
  readonly body: unknown;
  readonly context: Pick<GraphContext, 'authorization' | 'startedFrom'>;
}

/**
 * Answers the Model Context Protocol over streamable HTTP, without sessions: each request stands for itself, so that any replica
 * answers it. A tool is an operation of the API in the caller's name, and passes the one authorization point like any other (G2).
 */
@Injectable()
export class McpAnswers {
  readonly #documents = new Map<string, DocumentNode>();

  constructor(@Inject(GraphQLSchemaHost) private readonly schemaHost: GraphQLSchemaHost) {}

  async answer({ url, headers, body, context }: McpRequest): Promise<Response> {
    const server = new McpServer({ name: 'runledger', version: '0.1.0' }, { instructions: INSTRUCTIONS });
    for (const tool of MCP_TOOLS) this.#offer(server, tool, context);
    const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
    await server.connect(transport);
    try {
      const request = new Request(url, { method: 'POST', headers });
      const response = await transport.handleRequest(request, { parsedBody: body });
      // Whole before the server is closed: it is what the answer is read from.
      return new Response(await response.text(), { status: response.status, headers: response.headers });
    } finally {
      await server.close();
    }
  }

  #offer(server: McpServer, tool: McpTool, context: McpRequest['context']): void {
    const { name, title, description, input, readOnly } = tool;
    const annotations = { readOnlyHint: readOnly, openWorldHint: false };
    server.registerTool(name, { title, description, inputSchema: input, annotations }, async told => {
      return this.#call(tool, told, context);
    });
  }

  async #call(
    { query, variables }: McpTool,
    told: Readonly<Record<string, unknown>>,
    { authorization, startedFrom }: McpRequest['context'],
  ): Promise<CallToolResult> {
    const contextValue: GraphContext = { authorization, atLeast: undefined, ...(startedFrom && { startedFrom }) };
    const { data, errors } = await execute({
      schema: this.schemaHost.schema,
      document: this.#document(query),
      variableValues: variables(told),
      contextValue,
    });
    const [error] = errors ?? [];
    if (error) {
      const { message, extensions } = shownError(error.toJSON(), error);
      return { isError: true, ...said({ message, ...extensions }) };
    }
    const [answer] = Object.values(data ?? {}) as [Readonly<Record<string, unknown>>];
    const refused = typeof answer['__typename'] === 'string' && 'code' in answer;
    return { ...(refused && { isError: true }), ...said(answer) };
  }

  #document(query: string): DocumentNode {
    const known = this.#documents.get(query) ?? parse(query);
    this.#documents.set(query, known);
    return known;
  }
}

function said(answer: object): CallToolResult {
  const plain = JSON.parse(JSON.stringify(answer)) as Record<string, unknown>;
  return { content: [{ type: 'text', text: JSON.stringify(plain) }], structuredContent: plain };
}
