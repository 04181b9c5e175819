import { Client, SdkHttpError } from '@modelcontextprotocol/client';
import type { CallToolResult } from '@modelcontextprotocol/client';
import type { McpServer } from '@runledger/contracts';
import type { StepRun } from '../attempt/step-run.js';
import { within } from './deadline.js';
import { lacksTools, tooLarge, unavailable } from './mcp-faults.js';
import { wayTo } from './mcp-way.js';
import type { McpWay } from './mcp-way.js';

/** For the connection, and again for the list of tools. */
const CONNECT_MS = 20_000;
/** Without an answer and without a word of progress. */
const CALL_MS = 120_000;
const FAREWELL_MS = 2_000;
/** A server that does not know the session (any more) has done nothing: the protocol wants 404, copies of its first example answer 400. */
const UNKNOWN_SESSION = [400, 404];

export interface McpTool {
  /** As the server calls it. */
  readonly tool: string;
  readonly description: string;
  readonly inputSchema: Readonly<Record<string, unknown>>;
}

/** One conversation with a server, from its greeting to its end. */
export class McpSession {
  #isLost = false;
  #closing: Promise<void> | undefined;

  private constructor(
    private readonly server: McpServer,
    readonly tools: readonly McpTool[],
    private readonly client: Client,
    private readonly way: McpWay,
  ) {
    client.onclose = () => (this.#isLost = true);
  }

  /** Throws `McpUnavailableError` after a hard deadline at the latest. */
  static async open(run: StepRun, server: McpServer, callId: string): Promise<McpSession> {
    const way = await wayTo(run, server, callId);
    // Asking first which protocol it speaks would start a program twice.
    const versionNegotiation = { mode: 'url' in server ? 'auto' : 'legacy' } as const;
    const client = new Client({ name: 'runledger', version: '1' }, { versionNegotiation });
    try {
      await within(CONNECT_MS, () => client.connect(way.transport, { timeout: CONNECT_MS }));
      const { tools } = await within(CONNECT_MS, () => client.listTools(undefined, { timeout: CONNECT_MS }));
      const missing = (server.needs ?? []).filter(needed => !tools.some(({ name }) => name === needed));
      if (missing.length > 0) throw lacksTools(server.name, missing);
      const described = tools.map(({ name, description = '', inputSchema }) => ({
        tool: name,
        description,
        inputSchema,
      }));
      return new McpSession(server, described, client, way);
    } catch (error) {
      await way.close();
      run.stop.throwIfLeft();
      throw unavailable(server, error, way.complaint());
    }
  }

  /** The server has ended, or does not know this conversation any more. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /**
   * What the server answers; a result that says of itself that it is an error is a result. Waits as long as it reports progress. Throws
   * `McpUnavailableError`. Undefined: the server did nothing, because it does not know this conversation any more.
   */
  async call(tool: string, input: Record<string, unknown>, signal: AbortSignal): Promise<CallToolResult | undefined> {
    const asked = { name: tool, arguments: input };
    const stops = this.way.tooLarge ? AbortSignal.any([signal, this.way.tooLarge]) : signal;
    const options = { timeout: CALL_MS, resetTimeoutOnProgress: true, signal: stops };
    try {
      return await within<CallToolResult>(CALL_MS, onprogress =>
        this.client.callTool(asked, { ...options, onprogress }),
      );
    } catch (error) {
      if (this.way.tooLarge?.aborted) {
        this.#isLost = true;
        throw tooLarge(this.server.name);
      }
      if (error instanceof SdkHttpError && UNKNOWN_SESSION.includes(error.status) && this.way.hasSession()) {
        this.#isLost = true;
        return undefined;
      }
      throw unavailable(this.server, error, this.way.complaint());
    }
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    const farewell = async () => {
      if (!this.#isLost) await this.way.endSession();
      await this.client.close();
    };
    await within(FAREWELL_MS, farewell).catch(() => undefined); // it is ended below, politely or not
    await this.way.close();
  }
}
