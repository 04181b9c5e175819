import type { BudgetLedger, BudgetLedgerEvent, ChargeRecorded } from '@runledger/contracts';
import type { RecordedEvent } from '@runledger/event-store';

type Charge = ReturnType<typeof ChargeRecorded>['data'];

interface Ledger {
  readonly of: BudgetLedger;
  spent: number;
  reserved: number;
  /** Of what nobody could price: it counts as what was set aside for it. */
  assumed: number;
  readonly told: Set<number>;
}

/**
 * What budgets must not show: more spent and set aside than the limit when something is set aside (M1), the same threshold told of
 * twice, or, once all is over, another sum than that of the charges.
 */
export function overdrawnIn(events: readonly RecordedEvent[]): string[] {
  const ledgers = new Map<string, Ledger>();
  const findings = events.flatMap(event => {
    if (event.category !== 'budget' || !('ledger' in (event.data as object))) return [];
    const told = event as RecordedEvent & BudgetLedgerEvent;
    const ledger = ledgers.get(event.stream) ?? emptyLedger(told.data.ledger);
    ledgers.set(event.stream, ledger);
    return take(ledger, told).map(finding => `${finding} in ${event.stream} at ${event.position}`);
  });
  const charges = events.filter(({ type }) => type === 'ChargeRecorded').map(({ data }) => data as Charge);
  return [...findings, ...[...ledgers.values()].flatMap(ledger => wrongSum(ledger, charges))];
}

function emptyLedger(of: BudgetLedger): Ledger {
  return { of, spent: 0, reserved: 0, assumed: 0, told: new Set() };
}

function take(ledger: Ledger, { type, data }: BudgetLedgerEvent): string[] {
  switch (type) {
    case 'BudgetOpened':
      ledger.spent = data.spentMicroUnits;
      return [];
    case 'BudgetReserved':
      ledger.reserved += data.amountMicroUnits;
      return ledger.spent + ledger.reserved > data.limitMicroUnits
        ? [`${ledger.spent} and ${ledger.reserved} of ${data.limitMicroUnits} is too much (M1)`]
        : [];
    case 'BudgetSettled':
      ledger.spent += data.amountMicroUnits;
      ledger.reserved -= data.reservedMicroUnits;
      if (data.assumed) ledger.assumed += data.amountMicroUnits;
      return ledger.reserved < 0 ? ['more was given back than set aside'] : [];
    case 'BudgetReleased':
      ledger.reserved -= data.amountMicroUnits;
      return ledger.reserved < 0 ? ['more was given back than set aside'] : [];
    case 'BudgetThresholdReached':
      if (ledger.told.has(data.percent)) return [`${data.percent} % was told of twice`];
      ledger.told.add(data.percent);
      return [];
    case 'BudgetExceeded':
    case 'BudgetFreed':
      return [];
  }
}

function wrongSum({ of, spent, assumed }: Ledger, charges: readonly Charge[]): string[] {
  const own = charges.filter(({ runId }) => of.kind !== 'RUN' || runId === of.id);
  const sum = own.reduce((total, { amountMicroUnits }) => total + (amountMicroUnits ?? 0), assumed);
  return sum === spent ? [] : [`${spent} is spent of the budget of ${of.kind} ${of.id}, and ${sum} was charged`];
}
