import type { CallToolResult } from '@modelcontextprotocol/client';
import type { AgentWork, Json, McpServer, ProfileDefinition } from '@runledger/contracts';
import type { ToolCallPart } from 'ai';
import { recordedWork } from '../agent/recorded-call.js';
import type { WorkResult } from '../agent/recorded-call.js';
import type { StepRun } from '../attempt/step-run.js';
import type { ToolCallResult } from '../attempt/tool-call.js';
import type { McpConnection, McpTool } from './mcp-client.js';
import { McpUnavailableError } from './mcp-unavailable.js';

/** A tool of a server as an agent sees it. */
export interface OfferedTool extends McpTool {
  readonly name: `mcp__${string}`;
}

/** What models take as the name of a tool. */
const NAME = /^[a-zA-Z0-9_-]{1,64}$/;

/** The servers of a step: those of the profile and those of the skill, which goes before under the same name. */
export function serversOf(profile: ProfileDefinition, work: AgentWork): readonly McpServer[] {
  const own = work.mcpServers ?? [];
  const names = own.map(({ name }) => name);
  return [...(profile.mcpServers ?? []).filter(({ name }) => !names.includes(name)), ...own];
}

/** The connections of one agent and of its sub-agents. The client is loaded where there is a server to connect to. */
export class McpTools {
  private constructor(private readonly connections: readonly McpConnection[]) {}

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

  /** Tools that no model could name are left out. */
  get offered(): readonly OfferedTool[] {
    return this.connections.flatMap(({ name: server, tools }) =>
      tools
        .map(tool => ({ ...tool, name: `mcp__${server}__${tool.tool}` as const }))
        .filter(({ name }) => NAME.test(name)),
    );
  }

  /** Not repeated when nobody knows whether it took effect: what a server does is not for us to know. */
  call(run: StepRun, callId: string, call: ToolCallPart): Promise<ToolCallResult> {
    return recordedWork(run, { callId, call, repeatable: false }, () => this.#ask(run, call));
  }

  async close(): Promise<void> {
    await Promise.all(this.connections.map(connection => connection.close()));
  }

  async #ask({ stop }: StepRun, { toolName, input }: ToolCallPart): Promise<WorkResult> {
    const connection = this.connections.find(({ name }) => toolName.startsWith(`mcp__${name}__`));
    if (!connection) return { output: '', error: { code: 'INTEGRATION', message: `No server has ${toolName}.` } };
    const tool = toolName.slice(`mcp__${connection.name}__`.length);
    try {
      return resultOf(await connection.call(tool, (input ?? {}) as Record<string, Json>, stop.signal));
    } catch (error) {
      if (!(error instanceof McpUnavailableError)) throw error;
      return { output: error.reason.message, error: error.reason };
    }
  }
}

function resultOf({ content, structuredContent, isError }: CallToolResult): WorkResult {
  const said = content.map(part => {
    if (part.type === 'text') return part.text;
    if (part.type === 'resource' && 'text' in part.resource) return part.resource.text;
    if (part.type === 'resource_link') return part.uri;
    return `[${part.type}]`;
  });
  const output =
    said.length > 0 || structuredContent === undefined ? said.join('\n') : JSON.stringify(structuredContent);
  return isError ? { output, error: { code: 'TOOL_FAILED', message: output.slice(0, 2_000) } } : { output };
}
