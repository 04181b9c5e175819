import type { BudgetLedger } from '@runledger/contracts';
import { derivedId, StreamBusyError } from '@runledger/event-store';
import type { Accepted, CommandContext, CommandHandler, Refused } from '@runledger/event-store';
import { Fault } from '@runledger/kernel';
import { termsOf } from './applicable-budgets.js';
import type { ApplicableBudget } from './applicable-budgets.js';
import { budgetLedgers } from './budget-ledger.decider.js';
import type { LedgerCommand, LedgerRefusal } from './ledger-commands.js';
import { ledgerStream } from './budget-scopes.js';
import type { LedgerState } from './ledger-state.js';
import type { Before } from './spent-before.js';

type Outcome = Accepted<LedgerState> | Refused<LedgerRefusal>;

/** Sends commands to ledgers, and opens those that are not: with what was spent before anybody counted. */
export class LedgerBook {
  constructor(
    private readonly handler: CommandHandler,
    private readonly before: Before,
  ) {}

  async load(workspaceId: string, ledger: BudgetLedger): Promise<LedgerState> {
    const { state } = await this.handler.load(budgetLedgers, { tenant: workspaceId, name: ledgerStream(ledger) });
    return state;
  }

  /** `purpose` tells apart what one message sends to the same ledger: each is a command of its own (R1). */
  async send(
    budget: ApplicableBudget,
    command: LedgerCommand,
    { context, purpose }: { readonly context: CommandContext; readonly purpose: string },
  ): Promise<Outcome> {
    const own = { ...context, commandId: derivedId(context.commandId, purpose, 0) };
    const stream = ledgerStream(budget.ledger);
    const decide = () => patiently(() => this.handler.handle(budgetLedgers, stream, command, own));
    const first = await decide();
    if (first.status === 'accepted' || first.refusal.rejected !== 'NOT_OPEN') return first;
    await this.open(budget, context);
    return decide();
  }

  async open({ ledger, since }: ApplicableBudget, context: CommandContext): Promise<void> {
    const { spent, countedTo } = await this.before.of(context.workspaceId, ledger, since);
    const data = { ledger, spent, countedTo, at: context.occurredAt };
    const commandId = derivedId(context.commandId, 'open', 0);
    await this.handler.handle(
      budgetLedgers,
      ledgerStream(ledger),
      { type: 'OpenLedger', data },
      { ...context, commandId },
    );
  }

  /** Lets runs go on that are held, those first that wait longest, as far as there is room. */
  async freeHeld(budget: ApplicableBudget, state: LedgerState, context: CommandContext): Promise<void> {
    let promised = 0;
    for (const [runId, { needed }] of state.held) {
      if (await this.#free(budget, { runId, priced: false, promised }, context)) promised += needed;
    }
  }

  /** Lets a run go on whose call had no price, when another card is in force by now. */
  async freePriced(
    budget: ApplicableBudget,
    { runId, rateCardVersion }: { readonly runId: string; readonly rateCardVersion: number | null },
    context: CommandContext,
  ): Promise<void> {
    const held = (await this.load(context.workspaceId, budget.ledger)).held.get(runId);
    if (held?.rateCardVersion === undefined || held.rateCardVersion === rateCardVersion) return;
    await this.#free(budget, { runId, priced: true, promised: 0 }, context);
  }

  /** Answers whether it was let go on. */
  async #free(
    budget: ApplicableBudget,
    which: { readonly runId: string; readonly priced: boolean; readonly promised: number },
    context: CommandContext,
  ): Promise<boolean> {
    const { runId } = which;
    const data = { ledger: budget.ledger, ...which, terms: termsOf(budget.limit), at: context.occurredAt };
    // Of the run, so that whoever pauses and resumes it hears of both in their order.
    const own = { ...context, correlationId: runId };
    const outcome = await this.send(budget, { type: 'FreeRun', data }, { context: own, purpose: `free ${runId}` });
    if (outcome.status === 'refused') throw unexpected(outcome.refusal);
    return outcome.events.length > 0;
  }
}

const TRIES = 6;
const LONGEST_PAUSE_MS = 100;

/** Many processes want one budget at once: whoever always came second waits a little, each for another time. */
async function patiently<T>(decide: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await decide();
    } catch (error) {
      if (!(error instanceof StreamBusyError) || tried === TRIES) throw error;
      await new Promise(resolve => setTimeout(resolve, Math.random() * LONGEST_PAUSE_MS));
    }
  }
}

export function unexpected(refusal: LedgerRefusal): Fault {
  return new Fault('UNEXPECTED_REFUSAL', `A budget refused what it never refuses: ${refusal.rejected}.`);
}
