import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { CallToolResult, Transport } from '@modelcontextprotocol/client';
import type { McpServer, SecretOrText } from '@runledger/contracts';
import { EgressNotes } from '../attempt/egress-notes.js';
import type { StepRun } from '../attempt/step-run.js';
import { EgressPolicy } from '../egress/egress-policy.js';
import { checkedFetch } from './checked-fetch.js';
import { lacksTools, needsCredential, unavailable } from './mcp-faults.js';
import { SandboxTransport } from './sandbox-transport.js';

/** For the connection, and again for the list of tools. */
const CONNECT_MS = 20_000;
const CALL_MS = 120_000;

export interface McpTool {
  /** As the server calls it. */
  readonly tool: string;
  readonly description: string;
  readonly inputSchema: Readonly<Record<string, unknown>>;
}

interface Way {
  readonly transport: Transport;
  complaint(): string;
  close(): Promise<void>;
}

/** A connection to one server, for as long as an agent works. */
export class McpConnection {
  private constructor(
    readonly name: string,
    readonly tools: readonly McpTool[],
    private readonly client: Client,
    private readonly way: Way,
  ) {}

  /** Throws `McpUnavailableError` after a hard deadline at the latest. */
  static async open(run: StepRun, server: McpServer, callId: string): Promise<McpConnection> {
    const way = await wayTo(run, server, callId);
    // Asking first which protocol it speaks would start a program twice.
    const versionNegotiation = { mode: 'url' in server ? 'auto' : 'legacy' } as const;
    const client = new Client({ name: 'runledger', version: '1' }, { versionNegotiation });
    try {
      await within(client.connect(way.transport, { timeout: CONNECT_MS }), CONNECT_MS);
      const { tools } = await within(client.listTools(undefined, { timeout: CONNECT_MS }), CONNECT_MS);
      const missing = (server.needs ?? []).filter(needed => !tools.some(({ name }) => name === needed));
      if (missing.length > 0) throw lacksTools(server.name, missing);
      const offered = tools.map(({ name, description = '', inputSchema }) => ({
        tool: name,
        description,
        inputSchema,
      }));
      return new McpConnection(server.name, offered, client, way);
    } catch (error) {
      await way.close();
      run.stop.throwIfLeft();
      throw unavailable(server, error, way.complaint());
    }
  }

  /** What the server answers; a result that says of itself that it is an error is a result. Throws `McpUnavailableError`. */
  async call(tool: string, input: Record<string, unknown>, signal: AbortSignal): Promise<CallToolResult> {
    try {
      const calling = this.client.callTool({ name: tool, arguments: input }, { timeout: CALL_MS, signal });
      return await within<CallToolResult>(calling, CALL_MS);
    } catch (error) {
      throw unavailable(this, error, this.way.complaint());
    }
  }

  async close(): Promise<void> {
    await within(this.client.close(), 2_000).catch(() => undefined); // it is ended below, politely or not
    await this.way.close();
  }
}

async function wayTo(run: StepRun, server: McpServer, callId: string): Promise<Way> {
  if ('url' in server) return overHttp(run, server);
  const egress = new EgressNotes(run, callId);
  const [program = '', ...rest] = server.command;
  const transport = new SandboxTransport(run.sandbox, {
    callId,
    argv: [program, ...rest],
    env: await revealed(run, server.name, server.env),
    timeoutMs: run.remainingMs(),
    onEgress: asked => egress.take(asked),
  });
  return { transport, complaint: () => transport.complaint, close: () => transport.close() };
}

async function overHttp(run: StepRun, server: Extract<McpServer, { url: string }>): Promise<Way> {
  const checked = await checkedFetch(server.url, new EgressPolicy(run.egress));
  if ('refused' in checked) throw unavailable(server, new Error(checked.refused));
  const { fetch } = checked;
  const headers = await revealed(run, server.name, server.headers);
  const transport = new StreamableHTTPClientTransport(new URL(server.url), { fetch, requestInit: { headers } });
  return { transport, complaint: () => '', close: () => checked.close() };
}

/** Secrets are asked for at the moment of use and live in this process only. */
async function revealed(
  { credentials }: StepRun,
  server: string,
  values: Readonly<Record<string, SecretOrText>> = {},
): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === 'string') {
      found[name] = value;
      continue;
    }
    const secret = await credentials.get(value.credential);
    if (secret === undefined) throw needsCredential(server, `nothing is connected under the name ${value.credential}`);
    found[name] = `${value.prefix ?? ''}${secret}`;
  }
  return found;
}

/** The client's own deadlines do not hold in every case. */
async function within<Result>(work: Promise<Result>, ms: number): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`it did not answer within ${ms / 1_000} s`)), ms + 500);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
