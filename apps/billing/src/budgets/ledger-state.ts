import type { BudgetLedgerEvent } from '@runledger/contracts';

/** Something that was set aside for a call under way. */
export interface Reservation {
  readonly runId: string;
  readonly step: string;
  readonly attempt: number;
  readonly amount: number;
}

/** A run whose next call did not fit. */
export interface Held {
  /** Micro-units; 0: it has no price. */
  readonly needed: number;
  readonly since: string;
  /** Of the card by which it has none; undefined where another card would not help. */
  readonly rateCardVersion: number | null | undefined;
}

/** One budget as it stands. Amounts in micro-units. */
export interface LedgerState {
  /** Charges up to here are in `spent` from the beginning; undefined: nobody has opened it. */
  readonly countedTo: bigint | undefined;
  readonly spent: number;
  /** The sum of what is set aside. */
  readonly reserved: number;
  /** By call. */
  readonly open: ReadonlyMap<string, Reservation>;
  /** Runs that are held, the longest first. */
  readonly held: ReadonlyMap<string, Held>;
  /** Percentages that were told of. */
  readonly told: ReadonlySet<number>;
}

export const UNOPENED: LedgerState = {
  countedTo: undefined,
  spent: 0,
  reserved: 0,
  open: new Map(),
  held: new Map(),
  told: new Set(),
};

export function evolveLedger(state: LedgerState, event: BudgetLedgerEvent): LedgerState {
  switch (event.type) {
    case 'BudgetOpened':
      return { ...state, countedTo: BigInt(event.data.countedTo), spent: event.data.spentMicroUnits };
    case 'BudgetReserved': {
      const { callId, runId, step, attempt, amountMicroUnits: amount } = event.data;
      const open = new Map(state.open).set(callId, { runId, step, attempt, amount });
      return { ...state, open, reserved: state.reserved + amount };
    }
    case 'BudgetSettled': {
      const { callId, amountMicroUnits } = event.data;
      return { ...without(state, [callId]), spent: state.spent + amountMicroUnits };
    }
    case 'BudgetReleased':
      return without(state, event.data.callIds);
    case 'BudgetExceeded': {
      const { runId, neededMicroUnits: needed, exceededAt: since, rateCardVersion } = event.data;
      return { ...state, held: new Map(state.held).set(runId, { needed, since, rateCardVersion }) };
    }
    case 'BudgetFreed': {
      const held = new Map(state.held);
      held.delete(event.data.runId);
      return { ...state, held };
    }
    case 'BudgetThresholdReached':
      return { ...state, told: new Set(state.told).add(event.data.percent) };
  }
}

function without(state: LedgerState, callIds: readonly string[]): LedgerState {
  const open = new Map(state.open);
  let { reserved } = state;
  for (const callId of callIds) {
    reserved -= open.get(callId)?.amount ?? 0;
    open.delete(callId);
  }
  return { ...state, open, reserved };
}
