import { CancelRun, type InputOf, type OutputOf, type RefusalOf } from '@runledger/contracts';
import type { CommandContext, CommandHandler } from '@runledger/event-store';
import { Fault, reject, streamOf } from '@runledger/kernel';
import type { CommandOutcome } from '@runledger/platform';
import { isRunId } from './run-ids.js';
import { run } from './run.decider.js';

type Code = RefusalOf<typeof CancelRun>;
type Outcome = CommandOutcome<OutputOf<typeof CancelRun>, Code>;

/** Answers CancelRun. */
export async function cancelRun(
  commands: CommandHandler,
  { runId, mode }: InputOf<typeof CancelRun>,
  context: CommandContext,
): Promise<Outcome> {
  if (!isRunId(runId))
    return {
      status: 'refused',
      refusal: reject('RUN_NOT_FOUND', 'There is no such run.', { fix: 'Look at the list of runs.' }),
    };
  const data = { mode, by: context.actor, at: context.occurredAt };
  const own = { ...context, correlationId: runId };
  const outcome = await commands.handle(run, streamOf('run', runId), { type: 'RequestCancel', data }, own);
  if (outcome.status === 'accepted') return { status: 'accepted', output: { runId }, position: outcome.position };
  const { rejected, ...said } = outcome.refusal;
  if (!isCancelCode(rejected)) {
    throw new Fault('UNEXPECTED_REFUSAL', `A cancellation was refused with ${rejected}, which it does not declare.`);
  }
  return { status: 'refused', refusal: { rejected, ...said } };
}

function isCancelCode(code: string): code is Code {
  return (CancelRun.refusals as readonly string[]).includes(code);
}
