import type { CheckBudget, InputOf, OutputOf, RefusalOf, ReleaseBudget, ReserveBudget } from '@runledger/contracts';
import type { CommandContext, CommandHandler, EventStore } from '@runledger/event-store';
import { reject } from '@runledger/kernel';
import type { CommandOutcome } from '@runledger/platform';
import type { RateCards } from '../rate-cards/rate-cards.js';
import { cardCalculator, type Calculator } from '../calculator/calculator.js';
import { highestOf } from '../calculator/highest-of.js';
import { applicableBudgets, termsOf } from './applicable-budgets.js';
import type { ApplicableBudget } from './applicable-budgets.js';
import type { LedgerTerms, Reserve } from './ledger-commands.js';
import { budgetLimits } from './budget-limits.decider.js';
import type { BudgetLimits } from './budget-limits.decider.js';
import { beginOf, ledgerName, limitsStream, utcMonthOf } from './budget-scopes.js';
import { LedgerBook, unexpected } from './ledger-book.js';
import { fitOf, reasonOf } from './reserve.js';
import { RunFlows } from './run-flows.js';
import { Before } from './spent-before.js';

type Asked = InputOf<typeof ReserveBudget>;
type Answer = OutputOf<typeof ReserveBudget>;
type Limited = ApplicableBudget & { readonly terms: LedgerTerms };

export interface BudgetParts {
  readonly handler: CommandHandler;
  readonly store: EventStore;
  readonly rateCards: RateCards;
  /** Left out: the rate card alone. */
  readonly calculator?: Calculator;
}

const EARLY_DAYS_MS = 2 * 86_400_000;

/** Sets aside what calls may cost before they are made, in every budget that holds for their run (M1). */
export class BudgetDesk {
  readonly flows: RunFlows;
  readonly book: LedgerBook;

  constructor(private readonly parts: BudgetParts) {
    this.flows = new RunFlows(parts.store);
    this.book = new LedgerBook(parts.handler, new Before(parts.store, this.flows));
  }

  /** Answers `ReserveBudget`. A workspace without budgets costs one read and writes nothing. */
  async reserve(asked: Asked, context: CommandContext): Promise<CommandOutcome<Answer, never>> {
    const budgets = await this.#limited(asked.runId, context);
    if (budgets.length === 0) return answer({ status: 'GRANTED' });
    const { workspaceId, occurredAt: at } = context;
    const { card, version, currency } = await this.parts.rateCards.inForce(workspaceId, at);
    const { calculator = cardCalculator } = this.parts;
    const amount = await highestOf(calculator, asked.use, { workspaceId, at, card, currency });
    const own = { ...context, correlationId: asked.runId };
    const waits = await this.#waits(budgets, { asked, amount, rateCardVersion: version, context: own });
    return waits ?? this.#reserveAll(budgets, { asked, amount, rateCardVersion: version, context: own });
  }

  /** Answers `ReleaseBudget`. */
  async release(
    asked: InputOf<typeof ReleaseBudget>,
    context: CommandContext,
  ): Promise<CommandOutcome<Record<string, never>, never>> {
    const { runId, callId } = asked;
    await this.releaseOf({ runId, of: { callId }, reason: 'NOT_MADE' }, { ...context, correlationId: runId });
    return { status: 'accepted', output: {}, position: undefined };
  }

  /** Gives back what is still set aside for a call or an attempt, wherever it is. */
  async releaseOf(
    what: {
      readonly runId: string;
      readonly of: { readonly callId: string } | { readonly step: string; readonly attempt: number };
      readonly reason: 'NOT_MADE' | 'ATTEMPT_ENDED';
    },
    context: CommandContext,
  ): Promise<void> {
    for (const budget of await this.counted(what.runId, context, 'also last month')) {
      const state = await this.book.load(context.workspaceId, budget.ledger);
      if (state.open.size === 0) continue;
      await this.#release(budget, what, context);
    }
  }

  /** Answers `CheckBudget`: a run that could not make one call is not begun. */
  async check(
    { flowId }: InputOf<typeof CheckBudget>,
    context: CommandContext,
  ): Promise<CommandOutcome<Record<string, never>, RefusalOf<typeof CheckBudget>>> {
    const limits = await this.limits(context.workspaceId);
    const spender = { workspaceId: context.workspaceId, runId: '', flowId };
    for (const budget of applicableBudgets(limits, spender, utcMonthOf(context.occurredAt))) {
      const terms = termsOf(budget.limit);
      if (!terms || (budget.ledger.kind === 'RUN' && terms.limit > 0)) continue;
      const state = await this.book.load(context.workspaceId, budget.ledger);
      if (state.spent < terms.limit) continue;
      const message = `Nothing is left in ${ledgerName(budget.ledger)}.`;
      const fix = 'Raise the budget, or start it when the next month has begun.';
      return { status: 'refused', refusal: reject('BUDGET_EXHAUSTED', message, { fix }) };
    }
    return { status: 'accepted', output: {}, position: undefined };
  }

  /** A run that has ended waits for nothing any more: what it would have needed is left to others. */
  async forget(runId: string, context: CommandContext): Promise<void> {
    for (const budget of await this.counted(runId, context, 'also last month')) {
      const state = await this.book.load(context.workspaceId, budget.ledger);
      const held = state.held.get(runId);
      if (!held) continue;
      await this.book.freeHeld({ ...budget, limit: undefined }, { ...state, held: new Map([[runId, held]]) }, context);
    }
  }

  /** This version of the rate card is in force: a run goes on whose next call had no price by another one. */
  async priced(runId: string, rateCardVersion: number | null, context: CommandContext): Promise<void> {
    for (const budget of await this.counted(runId, context, 'also last month')) {
      await this.book.freePriced(budget, { runId, rateCardVersion }, context);
    }
  }

  async limits(workspaceId: string): Promise<BudgetLimits> {
    const ref = { tenant: workspaceId, name: limitsStream(workspaceId) };
    const { state } = await this.parts.handler.load(budgetLimits, ref);
    return state;
  }

  /** Ledgers that a run's charges are counted in; what began last month may be set aside in that month's. */
  async counted(
    runId: string,
    { workspaceId, occurredAt }: Pick<CommandContext, 'workspaceId' | 'occurredAt'>,
    months: 'this month' | 'also last month' = 'this month',
  ): Promise<ApplicableBudget[]> {
    const limits = await this.limits(workspaceId);
    if (limits.size === 0) return [];
    const flowId = await this.flows.flowOf(workspaceId, runId);
    const month = utcMonthOf(occurredAt);
    const now = applicableBudgets(limits, { workspaceId, runId, flowId }, month);
    if (months === 'this month') return now;
    const last = utcMonthOf(new Date(beginOf(month) - 1).toISOString());
    const before = applicableBudgets(limits, { workspaceId, runId, flowId }, last);
    return [...now, ...before.filter(({ ledger }) => ledger.month !== undefined)];
  }

  async #limited(runId: string, context: CommandContext): Promise<Limited[]> {
    const budgets = await this.counted(runId, context);
    return budgets.flatMap(budget => {
      const terms = termsOf(budget.limit);
      return terms ? [{ ...budget, terms }] : [];
    });
  }

  /** Looks before it writes: what would be refused by one budget is not set aside in another one first. */
  async #waits(budgets: readonly Limited[], reserving: Reserving): Promise<CommandOutcome<Answer, never> | undefined> {
    const { asked, amount, context } = reserving;
    if (asked.final) return undefined;
    for (const { ledger, terms } of budgets) {
      const state = await this.book.load(context.workspaceId, ledger);
      if (state.countedTo === undefined || state.open.has(asked.callId)) continue;
      if (fitOf({ amount, terms }, state) !== 'BUSY') continue;
      return answer({ status: 'BUSY', reason: reasonOf(dataOf({ ledger, terms }, reserving), state) });
    }
    return undefined;
  }

  async #reserveAll(budgets: readonly Limited[], reserving: Reserving): Promise<CommandOutcome<Answer, never>> {
    const { asked, amount, context } = reserving;
    const done: Limited[] = [];
    for (const budget of budgets) {
      const data = dataOf(budget, reserving);
      const outcome = await this.book.send(budget, { type: 'Reserve', data }, { context, purpose: 'reserve' });
      if (outcome.status === 'refused' && outcome.refusal.rejected !== 'BUSY') throw unexpected(outcome.refusal);
      // The state counts, not what was appended: a repeat is answered with what was appended at first.
      const granted =
        outcome.status === 'accepted' && isGranted(outcome.state.open.has(asked.callId), amount, budget.terms);
      if (granted) {
        done.push(budget);
        continue;
      }
      await this.#giveBack(done, reserving);
      if (outcome.status === 'refused') return answer({ status: 'BUSY', reason: outcome.refusal.message });
      const reason = reasonOf(data, outcome.state);
      const status = outcome.events.some(({ type }) => type === 'BudgetExceeded') ? 'HELD' : 'BUSY';
      return { ...answer({ status, reason }), position: outcome.position };
    }
    return answer({ status: 'GRANTED' });
  }

  async #giveBack(budgets: readonly Limited[], { asked, context }: Reserving): Promise<void> {
    const { runId, callId } = asked;
    for (const budget of budgets)
      await this.#release(budget, { runId, of: { callId }, reason: 'NO_ROOM_ELSEWHERE' }, context);
  }

  async #release(
    budget: ApplicableBudget,
    what: {
      readonly runId: string;
      readonly of: { readonly callId: string } | { readonly step: string; readonly attempt: number };
      readonly reason: 'NOT_MADE' | 'ATTEMPT_ENDED' | 'NO_ROOM_ELSEWHERE';
    },
    context: CommandContext,
  ): Promise<void> {
    const data = { ledger: budget.ledger, ...what, at: context.occurredAt };
    const outcome = await this.book.send(budget, { type: 'Release', data }, { context, purpose: 'release' });
    if (outcome.status === 'refused') throw unexpected(outcome.refusal);
    await this.book.freeHeld(budget, outcome.state, context);
  }
}

interface Reserving {
  readonly asked: Asked;
  readonly amount: number | null;
  readonly rateCardVersion: number | null;
  readonly context: CommandContext;
}

function dataOf(
  { ledger, terms }: Pick<Limited, 'ledger' | 'terms'>,
  { asked: { use, final, callId, runId, step, attempt }, amount, rateCardVersion, context }: Reserving,
): Reserve['data'] {
  const unbounded = use.kind === 'model' ? use.unbounded : undefined;
  const call = { callId, runId, step, attempt };
  return { ledger, call, amount, unbounded, rateCardVersion, terms, final, at: context.occurredAt };
}

/** What costs nothing, or is allowed without a price, is set aside nowhere. */
function isGranted(isOpen: boolean, amount: number | null, terms: LedgerTerms): boolean {
  if (amount === null) return terms.unpriced === 'ALLOW';
  return amount === 0 || isOpen;
}

function answer(output: Answer): { status: 'accepted'; output: Answer; position: undefined } {
  return { status: 'accepted', output, position: undefined };
}

/** Whether something that was used then may have been set aside in the month before. */
export function mayBeOfLastMonth(usedAt: string): boolean {
  return Date.parse(usedAt) - beginOf(utcMonthOf(usedAt)) < EARLY_DAYS_MS;
}
