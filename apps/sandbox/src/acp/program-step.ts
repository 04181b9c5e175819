import type { AgentWork, CommandLineAgent } from '@runledger/contracts';
import { stopped } from '../agent/agent-results.js';
import { judged } from '../agent/earlier-turns.js';
import type { Before } from '../agent/earlier-turns.js';
import { ProviderNotConnectedError } from '../agent/providers.js';
import { StructuredAnswer } from '../agent/structured-answer.js';
import { AwaitingPeopleError } from '../attempt/people.js';
import type { StepResult, StepRun } from '../attempt/step-run.js';
import type { Relay } from '../egress/key-relays.js';
import type { Connection } from '../integrations/credentials.js';
import { McpUnavailableError } from '../mcp/mcp-unavailable.js';
import { AgentProgram } from './agent-program.js';
import { Conversation } from './conversation.js';
import { openSession } from './open-session.js';
import { accessOf, isAsking, PROGRAMS } from './program-access.js';
import type { ProgramAccess } from './program-access.js';
import { ProgramCalls } from './program-calls.js';
import { ProgramFault } from './program-faults.js';
import { ProgramMeter } from './program-meter.js';
import { ProgramPermissions } from './program-permissions.js';
import { promptUntilDone } from './program-prompts.js';
import { ServedTools } from './served-tools.js';

export interface ProgramSettings {
  /** How long a program that waits for people is kept waiting before it is ended. */
  readonly holdMs: number;
}

interface Agent {
  readonly settings: ProgramSettings;
  readonly run: StepRun;
  readonly work: AgentWork & { readonly provider: CommandLineAgent };
  readonly connection: Connection;
  readonly answer: StructuredAnswer | undefined;
}

/**
 * An agent that is a program of its own, which has its own loop and its own tools: it is started in the sandbox of the step and
 * spoken to over its standard input and output. What it tells becomes the transcript, what it wants to be allowed is asked of
 * people, and its conversation goes on after a restart (R2).
 */
export async function runProgramStep(
  settings: ProgramSettings,
  run: StepRun,
  work: AgentWork & { readonly provider: CommandLineAgent },
): Promise<StepResult> {
  const { output } = run.attempt.ready;
  const answer = output && new StructuredAnswer(output);
  const before = judged({ run, answer });
  if (before.end) return before.end;
  const connection = await run.credentials.connection(work.provider, work.connection);
  if (!connection) throw notConnected(work);
  const agent = { settings, run, work, connection, answer };
  try {
    const result = await conversed(agent, before);
    await report(agent);
    return result;
  } catch (error) {
    if (error instanceof McpUnavailableError) {
      return { outcome: 'BLOCKED', turns: run.history.turns.length, error: error.reason };
    }
    if (!(error instanceof ProgramFault)) throw error;
    if (run.stop.signal.aborted) return stopped(run, run.history.turns.length);
    const { outcome, reason } = error;
    if (outcome === 'BLOCKED' && reason.needs !== undefined) await report(agent, reason);
    return { outcome, turns: run.history.turns.length, error: reason };
  }
}

async function conversed(agent: Agent, before: Before): Promise<StepResult> {
  const { run, work, settings } = agent;
  const served = await ServedTools.open(run, work, settings.holdMs);
  try {
    return await spokenWith(agent, before, served);
  } finally {
    await served.close();
  }
}

async function spokenWith(agent: Agent, before: Before, served: ServedTools): Promise<StepResult> {
  const { run, work, connection, settings } = agent;
  const access = accessOf(work.provider, connection, isAsking(run));
  const meter = new ProgramMeter({ run, provider: access.billedAs, maxOutputTokens: work.maxOutputTokens });
  const relay = await openRelay(run, access, meter);
  const calls = new ProgramCalls(run, served);
  const permissions = new ProgramPermissions(run, calls, settings.holdMs);
  const { step, attempt } = run.attempt.place;
  const callId = `${step}.${attempt}.program.e${run.history.epoch}`;
  const env = (relay && access.relay?.variables(relay.url)) ?? {};
  const program = new AgentProgram(run, access, { callId, env });
  const names = {
    title: PROGRAMS[work.provider].title,
    command: access.argv[0],
    needs: connection.name ?? work.provider,
  };
  const parties = { run, program, calls, permissions, ...names };
  const conversation = new Conversation(parties);
  served.onLeave = meter.onLeave = error => conversation.leave(error);
  try {
    const session = await openSession({ ...parties, conversation, work, relayUrl: relay?.url, served });
    return await promptUntilDone(agent, { session, conversation, calls, access, meter }, before);
  } catch (error) {
    throw error instanceof AwaitingPeopleError ? permissions.waitsWith(served.waiting) : error;
  } finally {
    conversation.close();
    await program.close();
    await meter.close();
    await relay?.close();
  }
}

async function openRelay(
  { sandbox }: StepRun,
  { relay }: ProgramAccess,
  meter: ProgramMeter,
): Promise<Relay | undefined> {
  if (!relay) return undefined;
  if (sandbox.relay) return sandbox.relay({ ...relay.target, meter });
  const message = 'The sandbox of this step has no way in which a key can stay outside of it.';
  const fix = 'Use a profile whose isolation is bubblewrap.';
  throw new ProgramFault('BLOCKED', { code: 'ENVIRONMENT', message, fix });
}

function notConnected({ provider, connection }: AgentWork): ProviderNotConnectedError {
  const named = connection === undefined ? 'an integration' : `an integration ${connection}`;
  return new ProviderNotConnectedError(provider, `Connect ${named} of kind ${provider}.`, connection ?? provider);
}

/** People see which of their integrations work. */
async function report(
  { run, connection }: Agent,
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
