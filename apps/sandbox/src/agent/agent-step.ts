import { ModelTurnEnded } from '@runledger/contracts';
import type { AgentWork, Json } from '@runledger/contracts';
import type { ModelMessage } from '@ai-sdk/provider-utils';
import type { StepResult, StepRun } from '../attempt/step-run.js';
import { outOfTurns, stopped, textOf } from './agent-results.js';
import { prefixOf } from './agent-run.js';
import type { AgentRun, SubAgents } from './agent-run.js';
import { BackgroundProcesses } from './background-processes.js';
import type { Credentials } from '../integrations/credentials.js';
import type { ModelCallObserver } from './model-call-observer.js';
import { reportUse } from './connection-use.js';
import { endOrSendBack } from './last-words.js';
import { McpTools, serversOf } from '../mcp/mcp-tools.js';
import { McpUnavailableError } from '../mcp/mcp-unavailable.js';
import { modelFaultResult, persistently } from './model-patience.js';
import type { Patience } from './model-patience.js';
import { modelTurn } from './model-turn.js';
import type { FinishedTurn, TurnOutcome } from './model-turn.js';
import { PaidCall } from './paid-call.js';
import { PromptBound } from './prompt-bound.js';
import { billedAs } from './providers.js';
import type { OpenedModel } from './providers.js';
import { StructuredAnswer } from './structured-answer.js';
import { subAgentWork } from './sub-agent-work.js';
import { answerCalls, requestedCalls } from './tool-round.js';
import { toolsOf } from './tool-inputs.js';

const MAX_TURNS = 50;
/** Models that a library does not know are cut at 4,096 tokens unless told. */
const MAX_OUTPUT_TOKENS = 16_384;

export interface AgentSettings {
  /** Throws when nobody has connected the provider. */
  open(work: AgentWork, credentials: Credentials): Promise<OpenedModel>;
  readonly patience: Patience;
  /** Most that one model call may take. */
  readonly modelCallMs: number;
  /** How long an agent that is a program of its own is kept waiting for people before it is ended. */
  readonly holdMs?: number;
  /** Sees every call of a model; left out: nobody does. */
  readonly observe?: ModelCallObserver;
}

/**
 * The loop of an agent: ask the model, record its turn, run the tools it asked for one by one, hand it the results, ask again.
 * A turn is stored before its tools run, so that after a crash the same calls are found under the same ids (R2).
 */
export async function runAgentStep(settings: AgentSettings, run: StepRun, work: AgentWork): Promise<StepResult> {
  const background = new BackgroundProcesses(run);
  let asked = 0;
  const subAgents: SubAgents = {
    turns: new Map<string, number>(),
    // The same after a restart, as the same calls come first.
    firstOf: (_callId, _call, count) => (asked += count) - count + 1,
    work: async (its, order) =>
      converse(await agentOf(settings, { run: its, work: subAgentWork(work, order), answer: undefined })),
  };
  const { output } = run.attempt.ready;
  const answer = output && (await StructuredAnswer.of(output));
  let mcp: McpTools | undefined;
  try {
    mcp = await McpTools.open(run, serversOf(run.profile, work));
    const own: AgentRun = { ...run, background, subAgents, mcp, tools: toolsOf(work, run.egress, mcp.offered) };
    const result = await converse(await agentOf(settings, { run: own, work, answer }));
    return { ...result, turns: [...subAgents.turns.values()].reduce((sum, turns) => sum + turns, result.turns) };
  } catch (error) {
    if (!(error instanceof McpUnavailableError)) throw error;
    return { outcome: 'BLOCKED', turns: run.history.turns.length, error: error.reason };
  } finally {
    await Promise.all([background.close(), mcp?.close()]);
  }
}

async function converse(agent: Agent): Promise<StepResult> {
  const { run, work } = agent;
  const conversation: ModelMessage[] = [{ role: 'user', content: work.prompt }];
  let said = '';
  for (const turn of run.history.turns) {
    const messages = turn.messages as unknown as ModelMessage[];
    said = textOf(messages) || said;
    const calls = requestedCalls(messages);
    conversation.push(...messages);
    if (calls.length === 0) {
      const end = endOrSendBack(agent, {
        turn: turn.turn,
        text: textOf(messages),
        said,
        finishReason: turn.finishReason,
        first: turn.turn === 1,
      });
      if ('outcome' in end) return end;
      conversation.push(end);
      continue;
    }
    conversation.push(await answerCalls(run, turn.turn, calls));
    if (run.stop.signal.aborted) return stopped(run, turn.turn);
  }
  return goOn(agent, conversation, said);
}

async function agentOf(settings: AgentSettings, known: Pick<Agent, 'run' | 'work' | 'answer'>): Promise<Agent> {
  const { run, work, answer } = known;
  const opened = await settings.open(work, run.credentials);
  const instructions = instructionsOf(work, answer);
  const prompt = new PromptBound(run.tools, instructions, run.mcp.offered);
  return { settings, run, work, opened, answer, instructions, prompt };
}

interface Agent {
  readonly settings: AgentSettings;
  readonly run: AgentRun;
  readonly work: AgentWork;
  readonly opened: OpenedModel;
  /** Only when the flow declares what the output looks like. */
  readonly answer: StructuredAnswer | undefined;
  readonly instructions: string | undefined;
  readonly prompt: PromptBound;
}

async function goOn(agent: Agent, conversation: ModelMessage[], saidBefore: string): Promise<StepResult> {
  const { run, work } = agent;
  let said = saidBefore;
  // Being sent back with an output that does not fit takes no turn away.
  const last = () => (work.maxTurns ?? MAX_TURNS) + (agent.answer?.sentBack ?? 0);
  for (let turn = run.history.turns.length + 1; turn <= last(); turn += 1) {
    run.stop.throwIfPaused();
    const outcome = await ask(agent, conversation, turn);
    run.stop.throwIfLeft();
    if (outcome.status === 'aborted') return stopped(run, turn - 1);
    if (outcome.status === 'failed') return modelFaultResult(agent, outcome.fault, turn - 1);
    said = outcome.text || said;
    conversation.push(...outcome.messages);
    if (outcome.calls.length === 0) {
      const { text, finishReason } = outcome;
      const end = endOrSendBack(agent, { turn, text, said, finishReason, first: turn === 1 });
      if ('outcome' in end) return end;
      conversation.push(end);
      continue;
    }
    conversation.push(await answerCalls(run, turn, requestedCalls(outcome.messages)));
    if (run.stop.signal.aborted) return stopped(run, turn);
  }
  return outOfTurns(last(), said);
}

/** One turn, with the patience that the provider's faults deserve; stored before anything else happens. */
async function ask(agent: Agent, conversation: readonly ModelMessage[], turn: number): Promise<TurnOutcome> {
  const { settings, run, work } = agent;
  const { transcript, history } = run;
  let tries = 0;
  const outcome = await persistently(settings.patience, run, async () => {
    tries += 1;
    const callName = `${prefixOf(transcript.place)}t${turn}.e${history.epoch}.${tries}`;
    const maxOutputTokens = work.maxOutputTokens ?? MAX_OUTPUT_TOKENS;
    const call = () =>
      modelTurn(
        {
          model: agent.opened.model,
          instructions: agent.instructions,
          messages: conversation,
          tools: run.tools,
          offered: run.mcp.offered,
          maxOutputTokens,
          timeoutMs: Math.min(settings.modelCallMs, run.remainingMs()),
          signal: run.stop.signal,
          entryPrefix: `${transcript.place.attemptId}/${callName}`,
        },
        transcript,
      );
    const paid = new PaidCall(run, billedAs(agent.opened, work), callName);
    await paid.reserve({ inputTokens: agent.prompt.of(conversation), maxOutputTokens });
    const asked = await (settings.observe?.(work, maxOutputTokens, call) ?? call());
    await paid.ended(asked);
    return asked;
  });
  if (outcome.status === 'finished') {
    agent.prompt.counted(conversation.length + outcome.messages.length, outcome.usage);
    recordTurn(run, turn, outcome);
  }
  await transcript.flush();
  await reportUse(run.credentials, agent.opened.connection, outcome);
  return outcome;
}

function instructionsOf(work: AgentWork, answer: StructuredAnswer | undefined): string | undefined {
  if (!answer) return work.instructions;
  return work.instructions === undefined ? answer.rule : `${work.instructions}\n\n${answer.rule}`;
}

function recordTurn({ transcript }: StepRun, turn: number, outcome: FinishedTurn): void {
  const messages = JSON.parse(JSON.stringify(outcome.messages)) as Json[];
  const { finishReason } = outcome;
  transcript.add(ModelTurnEnded({ ...transcript.place, turn, finishReason, messages, at: transcript.now() }));
}
