import { StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { Transport } from '@modelcontextprotocol/client';
import type { McpServer, SecretOrText } from '@runledger/contracts';
import { EgressNotes } from '../attempt/egress-notes.js';
import type { StepRun } from '../attempt/step-run.js';
import { EgressPolicy } from '../egress/egress-policy.js';
import { boundedMessages } from './bounded-messages.js';
import { checkedFetch } from './checked-fetch.js';
import { needsCredential, unavailable } from './mcp-faults.js';
import { SandboxTransport } from './sandbox-transport.js';

/** A way to a server: a program in the sandbox, or an address. */
export interface McpWay {
  readonly transport: Transport;
  /** What the server said for people; empty: nothing. */
  complaint(): string;
  /** Fires when the server sent more in one message than anybody reads. */
  readonly tooLarge?: AbortSignal;
  /** Whether the server keeps something for this conversation, under an id that it may forget. */
  hasSession(): boolean;
  /** Tells a server that keeps something that it need not any more. */
  endSession(): Promise<void>;
  /** Resolves when nothing of it is left. */
  close(): Promise<void>;
}

/** Throws `McpUnavailableError`. */
export async function wayTo(run: StepRun, server: McpServer, callId: string): Promise<McpWay> {
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
  return {
    transport,
    complaint: () => transport.complaint,
    hasSession: () => false,
    endSession: () => Promise.resolve(),
    close: () => transport.close(),
  };
}

async function overHttp(run: StepRun, server: Extract<McpServer, { url: string }>): Promise<McpWay> {
  const checked = await checkedFetch(server.url, new EgressPolicy(run.egress));
  if ('refused' in checked) throw unavailable(server, new Error(checked.refused));
  const tooLarge = new AbortController();
  // The library finds in the answers what it uses of them.
  const fetch = boundedMessages(checked.fetch, () => tooLarge.abort()) as unknown as typeof globalThis.fetch;
  const headers = await revealed(run, server.name, server.headers);
  const transport = new StreamableHTTPClientTransport(new URL(server.url), { fetch, requestInit: { headers } });
  return {
    transport,
    tooLarge: tooLarge.signal,
    complaint: () => '',
    hasSession: () => transport.sessionId !== undefined,
    endSession: () => transport.terminateSession(),
    close: () => Promise.resolve(checked.close()),
  };
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
