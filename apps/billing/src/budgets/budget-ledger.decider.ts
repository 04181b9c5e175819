import { budgetLedgerEvents, BudgetFreed, BudgetOpened, BudgetReleased, BudgetSettled } from '@runledger/contracts';
import { BudgetThresholdReached } from '@runledger/contracts';
import type { BudgetLedgerEvent } from '@runledger/contracts';
import { reject } from '@runledger/kernel';
import type { Decider } from '@runledger/kernel';
import type { FreeRun, LedgerCommand, LedgerRefusal, OpenLedger, Release, Settle } from './ledger-commands.js';
import { evolveLedger, UNOPENED } from './ledger-state.js';
import type { LedgerState } from './ledger-state.js';
import { reserve } from './reserve.js';

/**
 * The spending of one run, or of one month of a flow or a workspace. It is one stream, and a reservation is appended at the
 * revision that it was decided on: of many at once, on however many processes, spent and reserved together never exceed the
 * limit that each was held against (M1).
 */
export const budgetLedgers: Decider<LedgerCommand, LedgerState, BudgetLedgerEvent, LedgerRefusal> = {
  category: 'budget',
  events: budgetLedgerEvents,
  initialState: () => UNOPENED,
  evolve: evolveLedger,
  decide: (command, state) => {
    if (command.type === 'OpenLedger') return state.countedTo === undefined ? open(command.data) : [];
    if (state.countedTo === undefined) return notOpen();
    switch (command.type) {
      case 'Reserve':
        return reserve(command.data, state);
      case 'Settle':
        return settle(command.data, state, state.countedTo);
      case 'Release':
        return release(command.data, state);
      case 'FreeRun':
        return free(command.data, state);
    }
  },
};

function notOpen(): LedgerRefusal {
  return reject('NOT_OPEN', 'What was spent before has not been counted yet.');
}

function open({ ledger, spent, countedTo, at }: OpenLedger['data']): BudgetLedgerEvent[] {
  return [BudgetOpened({ ledger, spentMicroUnits: spent, countedTo: String(countedTo), openedAt: at })];
}

/** A charge that was there when the ledger was opened is in it already. */
function settle(data: Settle['data'], state: LedgerState, countedTo: bigint): BudgetLedgerEvent[] {
  const { ledger, chargeId, callId, runId, amount, position, at } = data;
  if (position <= countedTo) return [];
  const reserved = state.open.get(callId)?.amount ?? 0;
  const counted = amount ?? reserved;
  if (counted === 0 && reserved === 0) return [];
  const settled = BudgetSettled({
    ledger,
    chargeId,
    callId,
    runId,
    amountMicroUnits: counted,
    reservedMicroUnits: reserved,
    assumed: amount === null,
    settledAt: at,
  });
  return [settled, ...thresholds(data, state, state.spent + counted)];
}

function thresholds(
  { ledger, terms, notifyAtPercent, at }: Settle['data'],
  { told }: LedgerState,
  spent: number,
): BudgetLedgerEvent[] {
  if (!terms || terms.limit === 0) return [];
  return [...new Set(notifyAtPercent)]
    .filter(percent => !told.has(percent) && BigInt(spent) * 100n >= BigInt(terms.limit) * BigInt(percent))
    .sort((a, b) => a - b)
    .map(percent =>
      BudgetThresholdReached({
        ledger,
        percent,
        spentMicroUnits: spent,
        limitMicroUnits: terms.limit,
        currency: terms.currency,
        reachedAt: at,
      }),
    );
}

function release({ ledger, runId, of, reason, at }: Release['data'], { open: calls }: LedgerState) {
  const fits = ([callId, call]: readonly [string, { runId: string; step: string; attempt: number }]): boolean => {
    if (call.runId !== runId) return false;
    return 'callId' in of ? callId === of.callId : call.step === of.step && call.attempt === of.attempt;
  };
  const found = [...calls].filter(fits);
  if (found.length === 0) return [];
  const amountMicroUnits = found.reduce((sum, [, { amount }]) => sum + amount, 0);
  const callIds = found.map(([callId]) => callId);
  return [BudgetReleased({ ledger, callIds, runId, amountMicroUnits, reason, releasedAt: at })];
}

/** Room goes to those that wait longest, as far as they fit into it. */
function free({ ledger, runId, terms, priced, promised, at }: FreeRun['data'], { held, spent, reserved }: LedgerState) {
  let taken = spent + reserved + promised;
  for (const [waiting, { needed, since }] of held) {
    const fits = terms === undefined || taken + needed <= terms.limit;
    if (waiting === runId) {
      const hasNoPrice = needed === 0 && terms?.unpriced === 'REFUSE' && !priced;
      const wasJustAsked = hasNoPrice && msBetween(since, at) < ASK_AGAIN_MS;
      return fits && !wasJustAsked ? [BudgetFreed({ ledger, runId, freedAt: at })] : [];
    }
    if (fits) taken += needed;
  }
  return [];
}

/**
 * Room that came back is no price: a run that waits for one tries whether it has one by now, as by a card that was published for later,
 * but not with each charge of everybody else, each time with an agent that is woken for nothing.
 */
const ASK_AGAIN_MS = 60_000;

function msBetween(earlier: string, later: string): number {
  return Date.parse(later) - Date.parse(earlier);
}
