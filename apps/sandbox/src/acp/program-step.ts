import type { AgentWork, CommandLineAgent } from '@runledger/contracts';
import { stopped } from '../agent/agent-results.js';
import { judged } from '../agent/earlier-turns.js';
import type { Before } from '../agent/earlier-turns.js';
import type { AgentOrder, AgentRun } from '../agent/agent-run.js';
import { ProviderNotConnectedError } from '../agent/providers.js';
import { StructuredAnswer } from '../agent/structured-answer.js';
import { subAgentWork } from '../agent/sub-agent-work.js';
import type { AttemptHistory } from '../attempt/attempt-history.js';
import type { StepResult, StepRun } from '../attempt/step-run.js';
import { McpTools, serversOf } from '../mcp/mcp-tools.js';
import { McpUnavailableError } from '../mcp/mcp-unavailable.js';
import { PROGRAMS } from './program-access.js';
import { ProgramFault } from './program-faults.js';
import { ProgramNames } from './program-names.js';
import { MAX_CALLS } from './program-prompts.js';
import { spokenWith } from './program-talk.js';
import type { ProgramSettings, TalkingAgent } from './program-talk.js';
import { ProgramTeam } from './program-team.js';
import { ServedTools } from './served-tools.js';

/**
 * An agent that is a program of its own, which has its own loop and its own tools: it is started in the sandbox of the step and
 * spoken to over its standard input and output. What it tells becomes the transcript, what it wants to be allowed is asked of
 * people, and its conversation goes on after a restart (R2). Agents that it starts are the same program in conversations of their own.
 */
export async function runProgramStep(
  settings: ProgramSettings,
  step: StepRun,
  work: AgentWork & { readonly provider: CommandLineAgent },
): Promise<StepResult> {
  const { output } = step.attempt.ready;
  const answer = output && (await StructuredAnswer.of(output));
  const names = new ProgramNames(step.transcript.place);
  const run = { ...step, history: { ...step.history, saidChars: names.saidChars(step.history) } };
  const before = judged({ run, answer });
  if (before.end) return { ...before.end, turns: before.end.turns + turnsOfAgents(run.history) };
  const connection = await run.credentials.connection(work.provider, work.connection);
  if (!connection) throw notConnected(work);
  const agent = { settings, run, work, connection, answer, names };
  const agents = new ProgramTeam(run, names, {
    usualTurns: work.maxTurns ?? MAX_CALLS,
    start: (its, order) => subAgentEnd(agent, { ...its, history: historyOf(step.history, its) }, order),
  });
  const result = await stepEnd(agent, before, agents);
  return { ...result, turns: result.turns + agents.turns };
}

async function stepEnd(agent: TalkingAgent, before: Before, agents: ProgramTeam): Promise<StepResult> {
  const { run, work } = agent;
  let mcp: McpTools | undefined;
  try {
    mcp = await McpTools.open(run, serversOf(run.profile, work));
    const result = await served(agent, before, { mcp, agents });
    await report(agent);
    return result;
  } catch (error) {
    if (error instanceof McpUnavailableError) {
      return { outcome: 'BLOCKED', turns: run.history.turns.length, error: error.reason };
    }
    if (error instanceof ProgramFault && error.outcome === 'BLOCKED' && error.reason.needs !== undefined) {
      if (!run.stop.signal.aborted) await report(agent, error.reason);
    }
    return endOf(run, error);
  } finally {
    await mcp?.close();
  }
}

/** Of the same program, with the same connection, in a conversation of its own. */
async function subAgentEnd(agent: TalkingAgent, its: AgentRun, order: AgentOrder): Promise<StepResult> {
  const names = new ProgramNames(its.transcript.place);
  const work = { ...subAgentWork(agent.work, order), provider: agent.work.provider };
  const before = judged({ run: its, answer: undefined });
  if (before.end) return before.end;
  try {
    return await served({ ...agent, run: its, work, names, answer: undefined }, before, { mcp: its.mcp });
  } catch (error) {
    return endOf(its, error);
  }
}

/** What earlier owners heard of a sub-agent. */
function historyOf(whole: AttemptHistory, { transcript, history }: AgentRun): AttemptHistory {
  const { sessionId: _ofTheStep, ...others } = history;
  const { place } = transcript;
  const sessionId = whole.agentSessions.get(place.agent ?? '');
  const saidChars = new ProgramNames(place).saidChars(whole);
  return { ...others, saidChars, ...(sessionId !== undefined && { sessionId }) };
}

interface Offered {
  readonly mcp: McpTools;
  readonly agents?: ProgramTeam;
}

async function served(agent: TalkingAgent, before: Before, offered: Offered): Promise<StepResult> {
  const { run, work, names, settings } = agent;
  const { patienceMs } = PROGRAMS[work.provider];
  const tools = await ServedTools.open({ run, work, names, holdMs: settings.holdMs, patienceMs, ...offered });
  try {
    return await spokenWith(agent, before, tools);
  } finally {
    await tools.close();
  }
}

/** Throws what is no fault of the program. */
function endOf(run: StepRun, error: unknown): StepResult {
  if (!(error instanceof ProgramFault)) throw error;
  const turns = run.history.turns.length;
  if (run.stop.signal.aborted) return stopped(run, turns);
  return { outcome: error.outcome, turns, error: error.reason };
}

function turnsOfAgents({ agentTurns }: AttemptHistory): number {
  return [...agentTurns.values()].reduce((sum, turns) => sum + turns.length, 0);
}

function notConnected({ provider, connection }: AgentWork): ProviderNotConnectedError {
  const named = connection === undefined ? 'an integration' : `an integration ${connection}`;
  return new ProviderNotConnectedError(provider, `Connect ${named} of kind ${provider}.`, connection ?? provider);
}

/** People see which of their integrations work. */
async function report(
  { run, connection }: TalkingAgent,
  error?: { readonly code: string; readonly message: string },
): Promise<void> {
  const { name, connectedAt } = connection;
  if (name === undefined || connectedAt === undefined) return;
  await run.credentials.report({
    name,
    connectedAt,
    ...(error && { error: { code: error.code, message: error.message } }),
  });
}
