import type { InitializeResponse, McpServer as SessionServer } from '@agentclientprotocol/sdk';
import type { AgentWork, BuiltInTool, Json, ToolName } from '@runledger/contracts';
import { z } from 'zod';
import type { AgentRun } from '../agent/agent-run.js';
import { BackgroundProcesses } from '../agent/background-processes.js';
import { toolDescriptions, toolInputs, toolsOf } from '../agent/tool-inputs.js';
import type { StepRun } from '../attempt/step-run.js';
import type { StopSwitch } from '../attempt/stop-switch.js';
import type { Relay } from '../egress/key-relays.js';
import { mcpEndpoint } from '../mcp/mcp-endpoint.js';
import type { ServedServer, ServedTool, ToolAnswer } from '../mcp/mcp-endpoint.js';
import type { McpTools, OfferedTool } from '../mcp/mcp-tools.js';
import { heldFor } from './held-questions.js';
import type { ProgramNames } from './program-names.js';
import type { ProgramTeam } from './program-team.js';
import { BRIDGE } from './server-bridge.js';
import { ServedCallNames } from './served-call-names.js';
import { ServedCalls } from './served-calls.js';

/** Under which our own tools are served: `mcp__runledger__ask_user`. */
const OWN = 'runledger';
/** Of our tools those that a program cannot have of its own. */
const OURS = ['ask_user', 'start_flow', 'spawn_agents'] as const satisfies readonly BuiltInTool[];
/** Not a tool of agents, but the other half of one: clients of servers do not wait for as long as agents work. */
const AWAIT_AGENTS: ServedTool = {
  name: 'await_agents',
  description:
    'Waits for agents that spawn_agents has started and that were not done when it answered; returns their reports.',
  inputSchema: z.toJSONSchema(z.object({})),
};

export interface ServedTo {
  readonly run: StepRun & Partial<Pick<AgentRun, 'team' | 'tools'>>;
  readonly work: AgentWork;
  readonly names: ProgramNames;
  readonly mcp: McpTools;
  readonly holdMs: number;
  /** Left out: it has its answer when all agents are done. */
  readonly patienceMs?: number | undefined;
  /** Left out for a sub-agent: it has none of its own. */
  readonly agents?: ProgramTeam | undefined;
}

/**
 * What a program has of ours: tools that ask people, start flows and start agents, and those of the servers of its skill and its profile. They
 * are offered to it as servers on the loopback of its sandbox. Who connects to the real ones, holds their secrets, asks people first and writes down
 * what is called is this process, outside (S1).
 */
export class ServedTools {
  readonly calls: ServedCalls;
  readonly #tools: readonly ToolName[];
  readonly #names: ServedCallNames;
  readonly #relays = new Map<string, Relay>();
  readonly #called = new Set<string>();

  private constructor(private readonly to: ServedTo) {
    const { run, work, mcp, patienceMs } = to;
    this.#tools = run.tools ?? toolsOf(work, { hosts: [] }, mcp.offered).filter(isServed);
    this.#names = new ServedCallNames(run.history, to.names);
    const background = new BackgroundProcesses(run);
    const runWith = (stop: StopSwitch): AgentRun => {
      const held = { stop, team: run.team };
      const team = { whileOthersWork: heldFor(held, to.holdMs, () => this.hasAgents) };
      return { ...run, stop, background, mcp, tools: this.#tools, team, subAgents: to.agents?.until(stop) };
    };
    this.calls = new ServedCalls({ run, names: this.#names, runWith, patienceMs });
  }

  /** Throws what keeps the sandbox from having a way to them. */
  static async open(to: ServedTo): Promise<ServedTools> {
    const served = new ServedTools(to);
    try {
      for (const server of served.#servers()) {
        served.#relays.set(server.name, await served.#offered(server));
        for (const { name } of server.tools) served.#callNames(server.name, name);
      }
    } catch (error) {
      await served.close();
      throw error;
    }
    return served;
  }

  /** Whether agents that it has started are at work. */
  get hasAgents(): boolean {
    return this.to.agents?.isAtWork ?? false;
  }

  /** Whether the platform itself asks people about what a program calls so. */
  holds(name: string): boolean {
    return this.#called.has(name);
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

  /**
   * The prompt is over: what it did not wait for ends. Answers the calls that were begun before a restart and that it did not make again, and
   * those of the agents that were at work for them.
   */
  async promptEnds(): Promise<readonly string[]> {
    await this.calls.drop();
    const unmade = this.#names.giveUp();
    const { calls } = this.to.run.history;
    const started = [...calls].filter(([id]) => unmade.some(batch => id.startsWith(`${batch}.a`)));
    const agents = new Set(started.map(([, call]) => call.started.agent));
    const theirs = [...calls].filter(
      ([
        ,
        {
          started: { agent },
        },
      ]) => agent !== undefined && agents.has(agent),
    );
    return [...unmade, ...theirs.map(([id]) => id)];
  }

  /** What is under way goes on when the program is taken up again. */
  async close(): Promise<void> {
    await this.calls.leave();
    await Promise.all([...this.#relays.values()].map(relay => relay.close()));
  }

  /** As most programs name a tool of a server, and as Codex does. */
  #callNames(server: string, tool: string): void {
    this.#called.add(`mcp__${server}__${tool}`).add(`mcp.${server}.${tool}`);
  }

  #servers(): ServedServer[] {
    const tools = this.#tools;
    const { mcp } = this.to;
    const own = OURS.filter(tool => tools.includes(tool)).map(name => ({
      name,
      description: toolDescriptions[name],
      inputSchema: z.toJSONSchema(toolInputs[name]),
    }));
    const others = mcp.offered.filter(({ name }) => tools.includes(name));
    const named = [...new Set(others.map(({ server }) => server))].map(server =>
      this.#theirs(
        server,
        others.filter(one => one.server === server),
      ),
    );
    return own.length === 0 ? named : [this.#own(own), ...named];
  }

  /** Under the names that the server gives them, which need not be those that models take. */
  #theirs(name: string, offered: readonly OfferedTool[]): ServedServer {
    const tools = offered.map(({ tool, description, inputSchema }) => ({ name: tool, description, inputSchema }));
    const call = (called: string, input: Record<string, Json>, gone: AbortSignal): Promise<ToolAnswer> => {
      const found = offered.find(({ tool }) => tool === called);
      return this.calls.call(found?.name ?? `mcp__${name}__${called}`, input, gone);
    };
    return { name, tools, call };
  }

  #own(tools: readonly (ServedTool & { readonly name: BuiltInTool })[]): ServedServer {
    const batches = tools.some(({ name }) => name === 'spawn_agents');
    const call = (name: string, input: Record<string, Json>, gone: AbortSignal): Promise<ToolAnswer> => {
      const tool = tools.find(one => one.name === name);
      return tool ? this.calls.call(tool.name, input, gone) : this.calls.awaitAgents(gone);
    };
    return { name: OWN, tools: batches ? [...tools, AWAIT_AGENTS] : tools, call };
  }

  #offered(server: ServedServer): Promise<Relay> {
    return this.to.run.sandbox.relay({ serve: mcpEndpoint(server) });
  }
}

function isServed(tool: ToolName): boolean {
  return tool.startsWith('mcp__') || OURS.some(name => name === tool);
}
