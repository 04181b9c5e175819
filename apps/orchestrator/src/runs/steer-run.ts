import { steeringRefusals } from '@runledger/contracts';
import { newUuid } from '@runledger/event-store';
import type { CommandContext, CommandHandler } from '@runledger/event-store';
import { Fault, reject, streamOf, type DomainEvent, type Rejection } from '@runledger/kernel';
import type { CommandOutcome } from '@runledger/platform';
import { runAhead } from '../queues/run-ahead.js';
import { skippedBecause } from '../queues/skipped-starts.js';
import type { SteeringCommand } from './run-commands.js';
import { isRunId } from './run-ids.js';
import { runNotFound } from './run-verbs.js';
import { run } from './run.decider.js';

export type SteeringCode = (typeof steeringRefusals)[number];

/** What a verb did to its run. */
export interface Steered {
  readonly runId: string;
  readonly events: readonly DomainEvent[];
}

/** Sends one of the verbs of people to its run. */
export async function steerRun(
  commands: CommandHandler,
  runId: string,
  command: SteeringCommand,
  context: CommandContext,
): Promise<CommandOutcome<Steered, SteeringCode>> {
  if (!isRunId(runId)) return { status: 'refused', refusal: runNotFound() };
  const refusal = await turnedAway(commands, runId, command, context);
  if (refusal) return { status: 'refused', refusal };
  if (command.type === 'ResumeRun') return resumeInTurn(commands, runId, command, context);
  return send(commands, runId, command, context);
}

/**
 * A run whose turn has not come goes on waiting for it. What is known of its queue may be older than its turn, which finds a run
 * that someone has paused not waiting: so the queue is asked once more after the run waits again.
 */
async function resumeInTurn(
  commands: CommandHandler,
  runId: string,
  { type, data }: Extract<SteeringCommand, { type: 'ResumeRun' }>,
  context: CommandContext,
): Promise<CommandOutcome<Steered, SteeringCode>> {
  const behind = await aheadOf(commands, runId, context);
  const resumed = await send(commands, runId, { type, data: { ...data, behind } }, context);
  if (resumed.status === 'refused' || behind === undefined) return resumed;
  if ((await aheadOf(commands, runId, context)) !== undefined) return resumed;
  const goesOn = await send(commands, runId, { type, data }, { ...context, commandId: newUuid() });
  return goesOn.status === 'accepted' ? goesOn : resumed; // else its turn was heard of in between
}

async function aheadOf(commands: CommandHandler, runId: string, { workspaceId: tenant }: CommandContext) {
  const { state } = await commands.load(run, { tenant, name: streamOf('run', runId) });
  return state.status === 'running' && state.paused
    ? runAhead(commands, tenant, { concurrency: state.plan.started.concurrency, runId })
    : undefined;
}

async function send(
  commands: CommandHandler,
  runId: string,
  command: SteeringCommand,
  context: CommandContext,
): Promise<CommandOutcome<Steered, SteeringCode>> {
  const outcome = await commands.handle(run, streamOf('run', runId), command, { ...context, correlationId: runId });
  if (outcome.status === 'accepted') {
    return { status: 'accepted', output: { runId, events: outcome.events }, position: outcome.position };
  }
  return { status: 'refused', refusal: declared(outcome.refusal, command.type) };
}

const GOING_ON: readonly SteeringCommand['type'][] = ['ResumeRun', 'RetryRun', 'RetryStep', 'SkipStep', 'ForceAdvance'];

/** Why a run may not go on after its end beside one that has its key, where its flow starts no other meanwhile. */
async function turnedAway(
  commands: CommandHandler,
  runId: string,
  { type }: SteeringCommand,
  { workspaceId: tenant }: CommandContext,
): Promise<Rejection<SteeringCode> | undefined> {
  if (!GOING_ON.includes(type)) return undefined;
  const { state } = await commands.load(run, { tenant, name: streamOf('run', runId) });
  if (state.status !== 'ended') return undefined;
  const { concurrency } = state.plan.started;
  const decline = await skippedBecause(commands, tenant, { concurrency, runId });
  return decline && reject('NOT_POSSIBLE', decline.message, decline.fix === undefined ? {} : { fix: decline.fix });
}

function declared({ rejected, ...said }: Rejection, command: string): Rejection<SteeringCode> {
  const code = steeringRefusals.find(known => known === rejected);
  if (code) return { rejected: code, ...said };
  throw new Fault('UNEXPECTED_REFUSAL', `${command} was refused with ${rejected}, which it does not declare.`);
}
