import type { BudgetLedger, BudgetReleased, UnpricedUse } from '@runledger/contracts';
import type { Rejection } from '@runledger/kernel';

interface Command<Type extends string, Data> {
  readonly type: Type;
  readonly data: Data & { readonly ledger: BudgetLedger; readonly at: string };
}

/** What a ledger is held against. */
export interface LedgerTerms {
  readonly limit: number;
  readonly currency: string;
  readonly unpriced: UnpricedUse;
}

export interface Call {
  readonly callId: string;
  readonly runId: string;
  readonly step: string;
  readonly attempt: number;
}

export type OpenLedger = Command<'OpenLedger', { readonly spent: number; readonly countedTo: bigint }>;
/** `amount`: the most that the call can cost; null: nobody knows. */
export type Reserve = Command<
  'Reserve',
  {
    readonly call: Call;
    readonly amount: number | null;
    /** Why nobody knows, where a price would not help. */
    readonly unbounded?: string | undefined;
    /** Of the card that it was priced by; null: there was none. */
    readonly rateCardVersion: number | null;
    readonly terms: LedgerTerms;
    readonly final: boolean;
  }
>;
export type Settle = Command<
  'Settle',
  {
    readonly chargeId: string;
    readonly callId: string;
    readonly runId: string;
    /** Null: unpriced. */
    readonly amount: number | null;
    /** Of the charge in the log. */
    readonly position: bigint;
    readonly terms: LedgerTerms | undefined;
    readonly notifyAtPercent: readonly number[];
  }
>;
/** Of one call, or of everything that an attempt had. */
export type Release = Command<
  'Release',
  {
    readonly runId: string;
    readonly of: { readonly callId: string } | { readonly step: string; readonly attempt: number };
    readonly reason: ReturnType<typeof BudgetReleased>['data']['reason'];
  }
>;
/** Lets a run go on that is held, if there is room for it now; without terms nothing limits it. */
export type FreeRun = Command<
  'FreeRun',
  {
    readonly runId: string;
    readonly terms: LedgerTerms | undefined;
    /** Other prices hold than those by which its call had none. */
    readonly priced?: boolean;
    /** Micro-units of the room that runs before it were let go on with just now, and have not set aside yet. */
    readonly promised: number;
  }
>;

export type LedgerCommand = OpenLedger | Reserve | Settle | Release | FreeRun;
/** `NOT_OPEN`: what was spent before must be counted first. `BUSY`: it would fit once calls under way are settled. */
export type LedgerRefusal = Rejection<'NOT_OPEN' | 'BUSY'>;
