import { meansTool } from '@runledger/contracts';
import type { ToolName } from '@runledger/contracts';
import type { ToolCallPart } from '@ai-sdk/provider-utils';
import { AgentTranscript } from '../attempt/agent-transcript.js';
import { AwaitingPeopleError } from '../attempt/people.js';
import type { StepResult } from '../attempt/step-run.js';
import type { ToolCallResult } from '../attempt/tool-call.js';
import type { AgentOrder, AgentRun, SubAgents } from './agent-run.js';
import { AgentTeam } from './agent-team.js';
import { recordedWork, refuse } from './recorded-call.js';
import type { WorkResult } from './recorded-call.js';
import { misfit } from './sandbox-tools.js';
import { toolInputs } from './tool-inputs.js';

/** Of one step; the others wait for their turn. */
export const AT_ONCE = 4;
const MOST_TURNS = 20;

export const DEEPER =
  'Agents are one level deep: a sub-agent cannot start agents of its own. Do the work yourself, or say in your report what is left to do.';

/**
 * Starts agents that work on parts of the task side by side, in the same workspace, and answers with their reports. They have
 * numbers through the attempt, and their calls ids with these, so that after a crash each is found where it was (R2).
 */
export async function spawnAgents(run: AgentRun, callId: string, call: ToolCallPart): Promise<ToolCallResult> {
  const { subAgents } = run;
  if (!subAgents) return refuse(run, callId, call, DEEPER);
  const asked = toolInputs.spawn_agents.safeParse(withoutScripts(call.input));
  if (!asked.success) return refuse(run, callId, call, misfit('spawn_agents', asked.error));
  const { agents } = asked.data;
  const first = subAgents.firstOf(callId, call, agents.length);
  const orders = agents.map((agent, index) => ({
    name: agent.name,
    order: orderOf(run, { ...agent, number: first + index, script: scriptOf(call.input, index) }),
  }));
  for (const { order } of orders) noteTurns(run, subAgents, order);
  return recordedWork(run, { callId, call, repeatable: true }, async () => {
    const team = subAgents.team ?? new AgentTeam(AT_ONCE, run.stop.signal);
    const reports = await Promise.allSettled(
      orders.map(({ order, name }) =>
        team.work(() => reportOf(agentRun(run, order, team), { callId, order, name, subAgents })),
      ),
    );
    await run.transcript.flush(); // what the others did stays, also when one of them leaves the attempt
    return { output: settled(reports).join('\n\n') };
  });
}

interface Asked {
  readonly prompt: string;
  readonly tools?: readonly ToolName[] | undefined;
  readonly max_turns?: number | undefined;
  readonly number: number;
  readonly script: unknown;
}

/** They have no more tools than whoever asks for them. */
function orderOf(
  { tools: all, subAgents }: AgentRun,
  { prompt, tools = all, max_turns, number, script }: Asked,
): AgentOrder {
  const own = all.filter(tool => meansTool(tools, tool) && tool !== 'spawn_agents');
  const maxTurns = max_turns ?? subAgents?.usualTurns ?? MOST_TURNS;
  return { agent: String(number), prompt, tools: own, maxTurns, script };
}

/** What they took before a restart. */
function noteTurns({ history }: AgentRun, { turns }: SubAgents, { agent }: AgentOrder): void {
  turns.set(agent, history.agentTurns.get(agent)?.length ?? 0);
}

function agentRun(run: AgentRun, { agent, tools }: AgentOrder, team: AgentTeam): AgentRun {
  const history = { ...run.history, turns: run.history.agentTurns.get(agent) ?? [] };
  const transcript = new AgentTranscript(run.transcript, agent);
  return { ...run, transcript, history, tools, team, subAgents: undefined };
}

interface Reporting {
  readonly callId: string;
  readonly order: AgentOrder;
  readonly name: string | undefined;
  readonly subAgents: SubAgents;
}

/** In the transcript an agent is a call of its own, which ends with its report. */
async function reportOf(run: AgentRun, { callId, order, name, subAgents }: Reporting): Promise<string> {
  const { agent, prompt } = order;
  const input = { ...(name !== undefined && { name }), prompt };
  const call: ToolCallPart = { type: 'tool-call', toolCallId: callId, toolName: 'agent', input };
  const result = await recordedWork(run, { callId: `${callId}.a${agent}`, call, repeatable: true }, async () => {
    const end = await subAgents.work(run, order);
    subAgents.turns.set(agent, end.turns);
    return workOf(end);
  });
  const how = result.error ? `${result.error.code}: ${result.error.message}\n` : '';
  return `[Agent ${agent}${name === undefined ? '' : `, ${name}`}]\n${how}${result.output}`;
}

function workOf({ summary = '', error, outcome }: StepResult): WorkResult {
  if (error && outcome !== 'SUCCESS') return { output: summary, error };
  return { output: summary === '' ? '(no report)' : summary };
}

/** A fault counts more than a wait: whoever waits, waits for as many of them as there are. */
function settled(reports: readonly PromiseSettledResult<string>[]): string[] {
  const reasons = reports.flatMap(report => (report.status === 'rejected' ? [report.reason as unknown] : []));
  const waits = reasons.filter(reason => reason instanceof AwaitingPeopleError);
  if (waits.length < reasons.length) throw reasons.find(reason => !(reason instanceof AwaitingPeopleError));
  if (waits.length > 0) throw AwaitingPeopleError.forAny(waits);
  return reports.flatMap(report => (report.status === 'fulfilled' ? [report.value] : []));
}

/** Only the scripted model is told what its agents are to say. */
function withoutScripts(input: unknown): unknown {
  const { agents } = (input ?? {}) as { readonly agents?: unknown };
  if (!Array.isArray(agents)) return input;
  return {
    ...(input as object),
    agents: agents.map((agent: unknown) => {
      if (typeof agent !== 'object' || agent === null) return agent;
      return Object.fromEntries(Object.entries(agent).filter(([name]) => name !== 'script'));
    }),
  };
}

function scriptOf(input: unknown, index: number): unknown {
  const { agents } = input as { readonly agents: readonly { readonly script?: unknown }[] };
  return agents[index]?.script;
}
