import type { AgentWork, CommandLineAgent } from '@runledger/contracts';
import type { AgentRun } from '../agent/agent-run.js';
import type { Before } from '../agent/earlier-turns.js';
import type { StructuredAnswer } from '../agent/structured-answer.js';
import { AwaitingPeopleError } from '../attempt/people.js';
import type { StepResult, StepRun } from '../attempt/step-run.js';
import type { Relay } from '../egress/key-relays.js';
import type { Connection } from '../integrations/credentials.js';
import { AgentProgram } from './agent-program.js';
import { Conversation } from './conversation.js';
import { openSession } from './open-session.js';
import { accessOf, isAsking, PROGRAMS } from './program-access.js';
import type { ProgramAccess } from './program-access.js';
import { ProgramCalls } from './program-calls.js';
import { ProgramMeter } from './program-meter.js';
import type { ProgramNames } from './program-names.js';
import { ProgramPermissions } from './program-permissions.js';
import { promptUntilDone } from './program-prompts.js';
import type { ServedTools } from './served-tools.js';

export interface ProgramSettings {
  /** How long a program that waits for people is kept waiting before it is ended. */
  readonly holdMs: number;
}

/** A program that is to work, and for whom. */
export interface TalkingAgent {
  readonly settings: ProgramSettings;
  readonly run: StepRun & Partial<Pick<AgentRun, 'team' | 'tools'>>;
  readonly work: AgentWork & { readonly provider: CommandLineAgent };
  readonly connection: Connection;
  readonly names: ProgramNames;
  /** Only when the flow declares what the output looks like. */
  readonly answer: StructuredAnswer | undefined;
}

/** Starts the program and speaks with it to the end of its work. */
export async function spokenWith(agent: TalkingAgent, before: Before, served: ServedTools): Promise<StepResult> {
  const { run, work, connection, settings, names } = agent;
  const access = accessOf(work.provider, connection, isAsking(run));
  const meter = new ProgramMeter({ run, provider: access.billedAs, maxOutputTokens: work.maxOutputTokens });
  const relay = await openRelay(run, access, meter);
  const calls = new ProgramCalls(run, names, served);
  const { holdMs } = settings;
  const permissions = new ProgramPermissions(run, calls, { holdMs, hasAgents: () => served.hasAgents });
  const callId = names.call(`program.e${run.history.epoch}`);
  const env = (relay && access.relay?.variables(relay.url)) ?? {};
  const program = new AgentProgram(run, access, { callId, env });
  const known = {
    title: PROGRAMS[work.provider].title,
    command: access.argv[0],
    needs: connection.name ?? work.provider,
  };
  const parties = { run, program, calls, permissions, ...known };
  const conversation = new Conversation(parties);
  served.calls.onLeave = meter.onLeave = error => conversation.leave(error);
  try {
    const session = await openSession({ ...parties, conversation, work, relayUrl: relay?.url, served });
    return await promptUntilDone(agent, { session, conversation, calls, names, served, access, meter }, before);
  } catch (error) {
    throw error instanceof AwaitingPeopleError ? permissions.waitsWith(served.calls.waiting) : error;
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
  return relay && sandbox.relay({ ...relay.target, meter });
}
