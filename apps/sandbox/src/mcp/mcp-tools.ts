import type { ContentBlock } from '@modelcontextprotocol/client';
import type { AgentWork, Json, McpServer, ProfileDefinition } from '@runledger/contracts';
import type { ToolCallPart } from '@ai-sdk/provider-utils';
import { recordedWork } from '../agent/recorded-call.js';
import type { WorkResult } from '../agent/recorded-call.js';
import type { StepRun } from '../attempt/step-run.js';
import type { ToolCallResult } from '../attempt/tool-call.js';
import type { McpAnswer, McpConnection } from './mcp-client.js';
import type { McpTool } from './mcp-session.js';
import { McpUnavailableError } from './mcp-unavailable.js';
import { named } from './offered-names.js';

/** A tool of a server as an agent sees it. */
export interface OfferedTool extends McpTool {
  readonly name: `mcp__${string}`;
  readonly server: string;
}

/** The servers of a step: those of the profile and those of the skill, which goes before under the same name. */
export function serversOf(profile: ProfileDefinition, work: AgentWork): readonly McpServer[] {
  const own = work.mcpServers ?? [];
  const names = own.map(({ name }) => name);
  return [...(profile.mcpServers ?? []).filter(({ name }) => !names.includes(name)), ...own];
}

/** The connections of one agent and of its sub-agents. The client is loaded where there is a server to connect to. */
export class McpTools {
  readonly offered: readonly OfferedTool[];

  private constructor(private readonly connections: readonly McpConnection[]) {
    this.offered = connections.flatMap(({ name: server, tools }) =>
      named(server, tools).map(tool => ({ ...tool, server })),
    );
  }

  /** Throws `McpUnavailableError` when one of them cannot be worked with; none is left open then. */
  static async open(run: StepRun, servers: readonly McpServer[]): Promise<McpTools> {
    if (servers.length === 0) return new McpTools([]);
    const { McpConnection } = await import('./mcp-client.js');
    const { step, attempt } = run.attempt.place;
    const opening = servers.map(server => McpConnection.open(run, server, `${step}.${attempt}.mcp.${server.name}`));
    const opened = await Promise.allSettled(opening);
    const tools = new McpTools(opened.flatMap(one => (one.status === 'fulfilled' ? [one.value] : [])));
    const failed = opened.find(one => one.status === 'rejected');
    if (!failed) return tools;
    await tools.close();
    throw failed.reason;
  }

  /** Not repeated when nobody knows whether it took effect: what a server does is not for us to know. */
  call(run: StepRun, callId: string, call: ToolCallPart): Promise<ToolCallResult> {
    return recordedWork(run, { callId, call, repeatable: false }, () => this.#ask(run, call));
  }

  async close(): Promise<void> {
    await Promise.all(this.connections.map(connection => connection.close()));
  }

  async #ask({ stop }: StepRun, { toolName, input }: ToolCallPart): Promise<WorkResult> {
    const offered = this.offered.find(({ name }) => name === toolName);
    const connection = this.connections.find(({ name }) => name === offered?.server);
    if (!offered || !connection) {
      return { output: '', error: { code: 'INTEGRATION', message: `No server has ${toolName}.` } };
    }
    try {
      return resultOf(
        connection.name,
        await connection.call(offered.tool, (input ?? {}) as Record<string, Json>, stop.signal),
      );
    } catch (error) {
      if (!(error instanceof McpUnavailableError)) throw error;
      return { output: error.reason.message, error: error.reason };
    }
  }
}

function resultOf(server: string, { result: { content, structuredContent, isError }, isAnew }: McpAnswer): WorkResult {
  const said = content.map(wordsOf);
  if (said.length === 0 && structuredContent !== undefined) said.push(JSON.stringify(structuredContent));
  if (isAnew) said.unshift(`[The server ${server} was connected anew: what it kept for you before is gone.]`);
  const output = said.join('\n');
  return isError ? { output, error: { code: 'TOOL_FAILED', message: output.slice(0, 2_000) } } : { output };
}

/** What is no text is named, so that the agent knows that it was there. */
function wordsOf(part: ContentBlock): string {
  switch (part.type) {
    case 'text':
      return part.text;
    case 'image':
    case 'audio':
      return unread(part.type, part.mimeType, part.data);
    case 'resource_link':
      return part.uri;
    case 'resource': {
      const { resource } = part;
      if ('text' in resource) return resource.text;
      return `${resource.uri} ${unread('file', resource.mimeType ?? 'of an unknown type', resource.blob)}`;
    }
  }
}

function unread(what: string, mediaType: string, base64: string): string {
  return `[${what}, ${mediaType}, ${Buffer.byteLength(base64, 'base64')} bytes; only text is passed on]`;
}
