import type { BudgetLedgerEvent } from '@runledger/contracts';
import type { CommandHandler } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';
import { reactionContext, type Reactor } from '@runledger/messaging';
import type { Clock } from '@runledger/platform';
import { ORCHESTRATOR } from './orchestrator-actor.js';
import { run } from './run.decider.js';
import { isKnown } from './run-verbs.js';

const NAME = 'orchestrator.budget-holds';

/**
 * A call of a run does not fit into a budget: the run is paused. There is room again: it goes on. Billing says both of one run in
 * their order, so that no pause comes after the room that ends it.
 */
export function budgetHolds(commands: CommandHandler, clock: Clock): Reactor {
  return {
    name: NAME,
    types: ['BudgetExceeded', 'BudgetFreed'],
    react: async recorded => {
      const event = { type: recorded.type, data: recorded.data } as BudgetLedgerEvent;
      if (event.type !== 'BudgetExceeded' && event.type !== 'BudgetFreed') return;
      const { runId } = event.data;
      const stream = streamOf('run', runId);
      const own = reactionContext(recorded, { reactor: NAME, actor: ORCHESTRATOR, now: clock.now() });
      const context = { ...own, correlationId: runId };
      const at = context.occurredAt;
      if (event.type === 'BudgetExceeded') {
        const { step, attempt, message: reason } = event.data;
        await commands.handle(run, stream, { type: 'HoldForBudget', data: { step, attempt, reason, at } }, context);
        return;
      }
      const { state } = await commands.load(run, { tenant: recorded.tenant, name: stream });
      // Whoever else has paused it meanwhile lets it go on.
      if (!isKnown(state) || state.paused?.cause !== 'BUDGET') return;
      await commands.handle(run, stream, { type: 'ResumeRun', data: { by: ORCHESTRATOR, at } }, context);
    },
  };
}
