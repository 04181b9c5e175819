import { steeringRefusals } from '@runledger/contracts';
import type { CommandContext, CommandHandler } from '@runledger/event-store';
import { Fault, reject, streamOf, type DomainEvent, type Rejection } from '@runledger/kernel';
import type { CommandOutcome } from '@runledger/platform';
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
  const behind = await turnedAway(commands, runId, command, context);
  if (behind) return { status: 'refused', refusal: behind };
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
