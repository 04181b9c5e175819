import type { PromptResponse } from '@agentclientprotocol/sdk';
import { ModelTurnEnded } from '@runledger/contracts';
import type { AgentWork } from '@runledger/contracts';
import { outOfTurns, stopped } from '../agent/agent-results.js';
import type { Before } from '../agent/earlier-turns.js';
import { endOrSendBack } from '../agent/last-words.js';
import type { StructuredAnswer } from '../agent/structured-answer.js';
import type { StepResult, StepRun } from '../attempt/step-run.js';
import type { Conversation } from './conversation.js';
import type { OpenSession } from './open-session.js';
import type { ProgramMeter } from './program-meter.js';
import type { ProgramAccess } from './program-access.js';
import type { ProgramCalls } from './program-calls.js';
import type { ProgramNames } from './program-names.js';
import type { ServedTools } from './served-tools.js';
import { ProgramTurn } from './program-turn.js';
import { recordUsage } from './program-usage.js';

/** A program makes so many calls at most, unless its step says otherwise: some go round in circles. */
export const MAX_CALLS = 500;

/** Whoever is asked, and for what. */
export interface Prompted {
  readonly run: StepRun;
  readonly work: AgentWork;
  /** Only when the flow declares what the output looks like. */
  readonly answer: StructuredAnswer | undefined;
}

export interface Talk {
  readonly session: OpenSession;
  readonly conversation: Conversation;
  readonly calls: ProgramCalls;
  readonly names: ProgramNames;
  readonly served: Pick<ServedTools, 'promptEnds'>;
  readonly access: ProgramAccess;
  readonly meter: Pick<ProgramMeter, 'hasCounted'>;
}

/** Asks until what it says is what was wanted, or it cannot go on. */
export async function promptUntilDone(agent: Prompted, talk: Talk, before: Before): Promise<StepResult> {
  const { run, answer } = agent;
  let { next, said } = before;
  for (let turn = run.history.turns.length + 1; ; turn += 1) {
    run.stop.throwIfPaused();
    const asked = await askedAs(agent, talk, turn, next);
    const { words, response, tooMany } = await prompted(agent, talk, turn, asked);
    run.stop.throwIfLeft();
    said = words === '' ? said : words;
    if (run.stop.signal.aborted) return stopped(run, turn);
    if (tooMany || response.stopReason === 'max_turn_requests') return outOfTurns(turn, said);
    if (response.stopReason === 'refusal' || response.stopReason === 'cancelled') return refused(response, turn, said);
    const finishReason = finishReasonOf(response);
    const end = endOrSendBack({ run, answer }, { turn, text: words, said, finishReason });
    if ('outcome' in end) return end;
    next = end.content;
  }
}

const GO_ON =
  'You were interrupted in the middle of your work, by a restart of the platform or to wait for people. Look at what is done ' +
  'already, do not repeat it, and go on. A call for which you had asked a permission can be made again: the answer is known now. ' +
  'A call of a tool of runledger that was under way is to be made again, with the very same arguments: it goes on where it was.';

/** A program that had begun with this prompt is asked to go on. */
async function askedAs(
  { run, work, answer }: Prompted,
  { session, calls }: Talk,
  turn: number,
  next?: string,
): Promise<string> {
  const { history } = run;
  const isFirst = turn === history.turns.length + 1;
  const reached =
    session.prompts === undefined ? history.saidChars.size > 0 || calls.begun > 0 : session.prompts >= turn;
  const wasReached = isFirst && history.sessionId === session.sessionId && reached;
  if (wasReached) return next === undefined ? GO_ON : `${GO_ON}\n\n${next}`;
  await run.transcript.flush();
  return next ?? [work.instructions, work.prompt, answer?.rule].filter(part => part !== undefined).join('\n\n');
}

async function prompted(
  { run, work }: Prompted,
  { session, conversation, calls, names, served, access, meter }: Talk,
  turn: number,
  text: string,
) {
  const name = `${names.prefix}p${turn}.e${run.history.epoch}`;
  const told = new ProgramTurn(run, calls, name);
  const most = calls.begun + (work.maxTurns ?? MAX_CALLS);
  let tooMany = false;
  const response = await conversation.prompt(session.sessionId, text, {
    take: async update => {
      await told.take(update);
      if (calls.begun <= most || tooMany) return;
      tooMany = true;
      await conversation.cancel(session.sessionId);
    },
  });
  run.stop.throwIfLeft();
  calls.closeAll(await served.promptEnds());
  // What went through its relay was counted there, call by call.
  if (!meter.hasCounted) recordUsage(run, name, { provider: access.billedAs, model: work.model }, response);
  const { transcript } = run;
  const words = told.words.last;
  const finishReason = finishReasonOf(response);
  const messages = [{ role: 'assistant', content: words }];
  transcript.add(ModelTurnEnded({ ...transcript.place, turn, finishReason, messages, at: transcript.now() }));
  await transcript.flush();
  return { words, response, tooMany };
}

function finishReasonOf({ stopReason }: PromptResponse): string {
  if (stopReason === 'end_turn') return 'stop';
  return stopReason === 'max_tokens' ? 'length' : stopReason;
}

function refused({ stopReason }: PromptResponse, turns: number, said: string): StepResult {
  const refusal = { code: 'AGENT_REFUSED', message: `The agent refused to go on: ${said.slice(0, 500)}` };
  const cancelled = { code: 'CANCELLED', message: 'The agent stopped as if it had been cancelled.' };
  return { outcome: 'ERROR', turns, error: stopReason === 'refusal' ? refusal : cancelled };
}
