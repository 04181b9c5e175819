import type { ToolName } from '@runledger/contracts';
import type { ToolCallPart } from '@ai-sdk/provider-utils';
import type { AttemptPlace } from '../attempt/attempt-place.js';
import type { StepResult, StepRun } from '../attempt/step-run.js';
import type { McpTools } from '../mcp/mcp-tools.js';
import type { AgentTeam } from './agent-team.js';
import type { BackgroundProcesses } from './background-processes.js';

/** What a sub-agent is to do. */
export interface AgentOrder {
  /** `1`, `2`, … in the order in which they are asked for. */
  readonly agent: string;
  readonly prompt: string;
  readonly tools: readonly ToolName[];
  readonly maxTurns: number;
  /** As the scripted model is told. */
  readonly script: unknown;
}

/** How the sub-agents of a step are started, and what is counted of them. */
export interface SubAgents {
  /** Which number the first one of a call has, of so many. The same after a restart. */
  firstOf(callId: string, call: ToolCallPart, count: number): number;
  /** How many turns one takes at most of which nothing else is said. */
  readonly usualTurns?: number;
  /** Those that work side by side, of all calls; left out: each call has a team of its own. */
  readonly team?: AgentTeam;
  /** Model turns that they took. */
  readonly turns: Map<string, number>;
  work(run: AgentRun, order: AgentOrder): Promise<StepResult>;
}

/** What the tools of an agent need: the run of its step, and what lives for as long as the agent works. */
export interface AgentRun extends StepRun {
  readonly background: BackgroundProcesses;
  readonly mcp: McpTools;
  /** What it may use. */
  readonly tools: readonly ToolName[];
  /** Left out for sub-agents: they have none of their own. */
  readonly subAgents?: SubAgents | undefined;
  /** Of a sub-agent: those that work beside it. */
  readonly team?: Pick<AgentTeam, 'whileOthersWork'> | undefined;
}

/** Begins the names of what an agent does: those of sub-agents are told apart. */
export function prefixOf({ agent }: AttemptPlace): string {
  return agent === undefined ? '' : `a${agent}.`;
}
