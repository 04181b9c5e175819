import type { InputOf, OutputOf, RefusalOf, ReportEnvironment } from '@runledger/contracts';
import type { CommandContext, CommandHandler } from '@runledger/event-store';
import { reject } from '@runledger/kernel';
import type { CommandOutcome } from '@runledger/platform';
import { environmentStream } from './environment-stream.js';
import { environment } from './environment.decider.js';

type Outcome = CommandOutcome<OutputOf<typeof ReportEnvironment>, RefusalOf<typeof ReportEnvironment>>;

/** Answers ReportEnvironment. Only environments that there are can be well or not: a name that is misspelt would help nobody. */
export async function reportEnvironment(
  { commands, known }: { readonly commands: CommandHandler; readonly known: ReadonlySet<string> },
  { environment: name, health, reason }: InputOf<typeof ReportEnvironment>,
  context: CommandContext,
): Promise<Outcome> {
  if (!known.has(name)) {
    const refusal = reject('ENVIRONMENT_NOT_FOUND', `There is no environment ${name}.`, {
      fix: 'Name it in AVAILABLE_ENVIRONMENTS, or report one that is there.',
    });
    return { status: 'refused', refusal };
  }
  const why = reason === undefined ? {} : { reason };
  const data = { environment: name, health, ...why, reportedBy: context.actor, changedAt: context.occurredAt };
  const outcome = await commands.handle(environment, environmentStream(name), { type: 'ReportHealth', data }, context);
  if (outcome.status === 'refused') return outcome;
  const output = { environment: name, health, changed: outcome.events.length > 0 };
  return { status: 'accepted', output, position: outcome.position };
}
