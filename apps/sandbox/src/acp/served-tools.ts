import type { InitializeResponse, McpServer as SessionServer } from '@agentclientprotocol/sdk';
import type { AgentWork, Json, ToolName } from '@runledger/contracts';
import { z } from 'zod';
import type { AgentRun } from '../agent/agent-run.js';
import { BackgroundProcesses } from '../agent/background-processes.js';
import { answerCall, resultText } from '../agent/tool-round.js';
import { toolDescriptions, toolInputs, toolsOf } from '../agent/tool-inputs.js';
import { AwaitingPeopleError } from '../attempt/people.js';
import type { StepRun } from '../attempt/step-run.js';
import type { Relay } from '../egress/key-relays.js';
import { mcpEndpoint } from '../mcp/mcp-endpoint.js';
import type { ServedServer, ServedTool, ToolAnswer } from '../mcp/mcp-endpoint.js';
import { McpTools, serversOf } from '../mcp/mcp-tools.js';
import { heldFor } from './held-questions.js';
import { ProgramFault } from './program-faults.js';
import { ServedCallNames } from './served-call-names.js';

/** Under which our own tools are served: `mcp__runledger__ask_user`. */
const OWN = 'runledger';
/** Of our tools those that a program cannot have of its own. */
const OURS = ['ask_user', 'start_flow'] as const;

/**
 * What a program has of ours: tools that ask people and start flows, and those of the servers of its skill and its profile. They are offered to it as
 * servers on the loopback of its sandbox. Who connects to the real ones, holds their secrets, asks people first and writes down what is called is
 * this process, outside (S1).
 */
export class ServedTools {
  readonly #waiting = new Set<string>();
  readonly #names: ServedCallNames;
  readonly #run: AgentRun;
  readonly #relays = new Map<string, Relay>();
  #calling = 0;
  /** Ends the conversation: set by whoever holds it. */
  onLeave: (error: unknown) => void = () => undefined;

  private constructor(
    run: StepRun,
    work: AgentWork,
    private readonly mcp: McpTools,
    holdMs: number,
  ) {
    this.#names = new ServedCallNames(run.history, run.attempt.place);
    const tools = toolsOf(work, { hosts: [] }, mcp.offered).filter(isServed);
    const background = new BackgroundProcesses(run);
    this.#run = { ...run, background, mcp, tools, team: { whileOthersWork: heldFor(run, holdMs) } };
  }

  /** Throws `McpUnavailableError` when a server cannot be worked with, and {@link ProgramFault} where there is no way to offer them. */
  static async open(run: StepRun, work: AgentWork, holdMs: number): Promise<ServedTools> {
    const mcp = await McpTools.open(run, serversOf(run.profile, work));
    const served = new ServedTools(run, work, mcp, holdMs);
    try {
      for (const server of served.#servers()) served.#relays.set(server.name, await served.#offered(server));
    } catch (error) {
      await served.close();
      throw error;
    }
    return served;
  }

  /** Questions and permissions that its calls wait for. */
  get waiting(): readonly string[] {
    return [...this.#waiting];
  }

  /** Whether one of its calls is under way. */
  get busy(): boolean {
    return this.#calling > 0;
  }

  /** Whether the platform itself asks people about what a program calls so. */
  holds(name: string): boolean {
    return [...this.#relays.keys()].some(server => name.startsWith(`mcp__${server}__`));
  }

  /** As a session is told of them, in the way that the program can use. */
  toldTo({ agentCapabilities }: InitializeResponse): SessionServer[] {
    const http = agentCapabilities?.mcpCapabilities?.http === true;
    return [...this.#relays].map(([name, { url }]) =>
      http
        ? { type: 'http', name, url, headers: [] }
        : { name, command: 'node', args: ['-e', BRIDGE], env: [{ name: 'MCP_SERVER_URL', value: url }] },
    );
  }

  async close(): Promise<void> {
    await Promise.all([...this.#relays.values()].map(relay => relay.close()));
    await this.mcp.close();
  }

  #servers(): ServedServer[] {
    const { tools } = this.#run;
    const own = OURS.filter(tool => tools.includes(tool)).map(name => ({
      name,
      description: toolDescriptions[name],
      inputSchema: z.toJSONSchema(toolInputs[name]),
    }));
    const others = new Map<string, ServedTool[]>();
    for (const { name, tool, description, inputSchema } of this.mcp.offered) {
      if (!tools.includes(name)) continue;
      const server = name.slice('mcp__'.length, -`__${tool}`.length);
      others.set(server, [...(others.get(server) ?? []), { name: tool, description, inputSchema }]);
    }
    const named = [...others].map(([name, its]) => this.#server(name, its, tool => `mcp__${name}__${tool}`));
    return own.length === 0 ? named : [this.#server(OWN, own, tool => tool), ...named];
  }

  #server(name: string, tools: readonly ServedTool[], nameOf: (tool: string) => string): ServedServer {
    return { name, tools, call: (tool, input) => this.#call(nameOf(tool), input) };
  }

  async #offered(server: ServedServer): Promise<Relay> {
    const { sandbox } = this.#run;
    if (sandbox.relay) return sandbox.relay({ serve: mcpEndpoint(server) });
    const message = 'The sandbox of this step has no way in which a program inside can use tools from outside.';
    const fix = 'Use a profile whose isolation is bubblewrap or docker, or take tools and servers from the step.';
    throw new ProgramFault('BLOCKED', { code: 'ENVIRONMENT', message, fix });
  }

  async #call(toolName: string, input: Record<string, Json>): Promise<ToolAnswer> {
    const callId = this.#names.of(toolName, input);
    this.#calling += 1;
    try {
      const call = { type: 'tool-call', toolCallId: callId, toolName, input } as const;
      const result = await answerCall(this.#run, callId, call);
      return { text: resultText(result), isError: result.state !== 'ok' };
    } catch (error) {
      if (error instanceof AwaitingPeopleError) this.#waiting.add(error.callId);
      this.onLeave(error);
      throw error;
    } finally {
      this.#calling -= 1;
    }
  }
}

function isServed(tool: ToolName): boolean {
  return tool.startsWith('mcp__') || OURS.some(name => name === tool);
}

/** For programs that know servers only as programs: passes on what it reads, line by line, and writes down what is answered. */
const BRIDGE = `
const url = process.env.MCP_SERVER_URL;
const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
require('readline').createInterface({ input: process.stdin }).on('line', async body => {
  if (!body.trim()) return;
  try {
    const text = await (await fetch(url, { method: 'POST', headers, body })).text();
    if (text) process.stdout.write(text + '\\n');
  } catch {
    process.exitCode = 1;
    process.stdin.destroy();
  }
});`;
