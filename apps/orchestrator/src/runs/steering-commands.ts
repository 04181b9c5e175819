import {
  DiscardRun,
  ForceAdvance,
  PauseRun,
  RerunFromStep,
  ResumeRun,
  RetryRun,
  RetryStep,
  SkipStep,
} from '@runledger/contracts';
import type { CommandContext, CommandHandler } from '@runledger/event-store';
import type { DomainEvent } from '@runledger/kernel';
import type { CommandRegistry } from '@runledger/platform';
import type { SteeringCommand } from './run-commands.js';
import type { RunSuccessors } from './run-successors.js';
import { steerRun } from './steer-run.js';

/** Answers every verb of people on a run. */
export function answerSteering(registry: CommandRegistry, commands: CommandHandler, successors: RunSuccessors): void {
  const send = async (runId: string, command: SteeringCommand, context: CommandContext) => {
    const outcome = await steerRun(commands, runId, command, context);
    return outcome.status === 'refused' ? outcome : { ...outcome, output: { runId } };
  };
  registry.answer(PauseRun, ({ runId, reason }, context) =>
    send(runId, { type: 'PauseRun', data: { ...asked(context), reason } }, context),
  );
  registry.answer(ResumeRun, ({ runId }, context) => send(runId, { type: 'ResumeRun', data: asked(context) }, context));
  registry.answer(SkipStep, ({ runId, step, comment }, context) =>
    send(runId, { type: 'SkipStep', data: { ...asked(context), step, comment } }, context),
  );
  registry.answer(ForceAdvance, ({ runId, step, comment }, context) =>
    send(runId, { type: 'ForceAdvance', data: { ...asked(context), step, comment } }, context),
  );
  registry.answer(DiscardRun, ({ runId, reason }, context) =>
    send(runId, { type: 'DiscardRun', data: { ...asked(context), reason } }, context),
  );
  registry.answer(RetryStep, async ({ runId, step, instructions }, context) => {
    const data = { ...asked(context), step, instructions };
    const outcome = await steerRun(commands, runId, { type: 'RetryStep', data }, context);
    if (outcome.status === 'refused') return outcome;
    return { ...outcome, output: { runId, attempt: attemptOf(outcome.output.events, step) } };
  });
  registry.answer(RetryRun, (input, context) => successors.retry(input, context));
  registry.answer(RerunFromStep, (input, context) => successors.rerun(input, context));
}

function asked({ actor, occurredAt }: CommandContext) {
  return { by: actor, at: occurredAt };
}

/** The attempt that a decision began for a step; 0 when it asks people instead. */
function attemptOf(events: readonly DomainEvent[], step: string): number {
  for (const { type, data } of events as readonly DomainEvent<string, { step?: string; attempt?: number }>[]) {
    if ((type === 'StepReady' || type === 'StepFailed') && data.step === step) return data.attempt ?? 0;
  }
  return 0;
}
