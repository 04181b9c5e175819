import type { CallToolResult } from '@modelcontextprotocol/client';
import type { McpServer } from '@runledger/contracts';
import type { StepRun } from '../attempt/step-run.js';
import { unavailable } from './mcp-faults.js';
import { McpSession } from './mcp-session.js';
import type { McpTool } from './mcp-session.js';

export interface McpAnswer {
  readonly result: CallToolResult;
  /** The server was connected anew for this call: what it kept for the agent before is gone. */
  readonly isAnew: boolean;
}

/**
 * A connection to one server, for as long as an agent works. Servers are restarted while agents work for hours: a conversation that is lost is
 * begun anew by the next call, with the tools that the agent was told of.
 */
export class McpConnection {
  readonly tools: readonly McpTool[];
  #opened = 1;
  #renewing: Promise<void> | undefined;

  private constructor(
    private readonly run: StepRun,
    private readonly server: McpServer,
    private readonly callId: string,
    private session: McpSession,
  ) {
    this.tools = session.tools;
  }

  /** Throws `McpUnavailableError` after a hard deadline at the latest. */
  static async open(run: StepRun, server: McpServer, callId: string): Promise<McpConnection> {
    return new McpConnection(run, server, callId, await McpSession.open(run, server, callId));
  }

  get name(): string {
    return this.server.name;
  }

  /** What the server answers; a result that says of itself that it is an error is a result. Throws `McpUnavailableError`. */
  async call(tool: string, input: Record<string, unknown>, signal: AbortSignal): Promise<McpAnswer> {
    const wasLost = this.session.isLost;
    if (wasLost) await this.#renew();
    const result = await this.session.call(tool, input, signal);
    if (result) return { result, isAnew: wasLost };
    await this.#renew();
    const again = await this.session.call(tool, input, signal);
    if (again) return { result: again, isAnew: true };
    throw unavailable(this, new Error('it forgets each conversation as soon as it has begun'));
  }

  async close(): Promise<void> {
    await this.session.close();
  }

  /** Agents that work side by side share the one that the first of them began. */
  #renew(): Promise<void> {
    if (!this.session.isLost) return Promise.resolve();
    return (this.#renewing ??= this.#openAnew().finally(() => (this.#renewing = undefined)));
  }

  async #openAnew(): Promise<void> {
    await this.session.close();
    this.#opened += 1;
    this.session = await McpSession.open(this.run, this.server, `${this.callId}.${this.#opened}`);
  }
}
