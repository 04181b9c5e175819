import { CheckBudget, ReserveDailyRun } from '@runledger/contracts';
import type { CommandContext } from '@runledger/event-store';
import { reject, RetryableError } from '@runledger/kernel';
import type { CommandClient } from '@runledger/platform';
import type { Decline } from './start-request.js';

/**
 * Asks billing for one of the day's starts, right before a run begins: nothing that can be declined earlier uses one up.
 *
 * The place belongs to the run's id. Whatever happens between here and the run's first event, a crash or a lost answer, it is
 * never given back: nobody could know that the run will not begin after all, and then one more than the cap would. The same
 * request sent again (its key or its command names the same run) takes the place that is there.
 */
export class DailyStarts {
  constructor(private readonly commands: CommandClient) {}

  /** Why nothing can be spent on a run of this flow; undefined when something can. */
  async budgetLeft(flowId: string, runId: string, context: CommandContext): Promise<Decline | undefined> {
    try {
      const outcome = await this.commands.send(CheckBudget, { flowId }, { ...context, correlationId: runId });
      return outcome.status === 'refused' ? outcome.refusal : undefined;
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      return platformStarting(error.message);
    }
  }

  /** Why the run may not start today; undefined when it may. */
  async reserve(runId: string, context: CommandContext): Promise<Decline | undefined> {
    try {
      const outcome = await this.commands.send(ReserveDailyRun, { runId }, { ...context, correlationId: runId });
      return outcome.status === 'refused' ? outcome.refusal : undefined;
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      return platformStarting(error.message);
    }
  }
}

function platformStarting(why: string): Decline {
  return reject('PLATFORM_STARTING', `Whether the run may start could not be found out yet: ${why}`, {
    fix: 'Try again in a few seconds, with the same idempotency key.',
  });
}
