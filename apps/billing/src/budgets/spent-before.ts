import { catalogue, ChargeRecorded } from '@runledger/contracts';
import type { BudgetLedger } from '@runledger/contracts';
import { START } from '@runledger/event-store';
import type { EventStore, RecordedEvent } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';
import { beginOf, utcMonthOf } from './budget-scopes.js';
import type { RunFlows } from './run-flows.js';

type Charge = ReturnType<typeof ChargeRecorded>['data'];

/** Every charge up to `countedTo`, inclusive, is in `spent`, and none behind it. */
export interface SpentBefore {
  readonly spent: number;
  readonly countedTo: bigint;
}

const DAY_MS = 86_400_000;
const PAGE = 1_000;

/** What was charged for a ledger before anybody counted it. */
export class Before {
  constructor(
    private readonly store: EventStore,
    private readonly flows: RunFlows,
  ) {}

  /**
   * Charges are counted one by one from the moment that a budget was set: a month that began a day or more after that has
   * nothing that would have to be looked for. A day, because the clocks of services differ.
   *
   * Whoever asks has seen that the budget is set. A charge whose settler had not seen that was committed before, so it is read
   * here, whatever appends are still open; what lies behind `countedTo` was charged by somebody who knows of the budget (M1).
   */
  async of(workspaceId: string, ledger: BudgetLedger, since: string): Promise<SpentBefore> {
    if (ledger.month !== undefined && Date.parse(since) < beginOf(ledger.month) - DAY_MS)
      return { spent: 0, countedTo: 0n };
    return ledger.kind === 'RUN' ? this.#ofRun(workspaceId, ledger.id) : this.#ofMonth(workspaceId, ledger);
  }

  /** A stream is read to its end, also where readers of the log are held back; its positions grow with its revisions. */
  async #ofRun(tenant: string, runId: string): Promise<SpentBefore> {
    let spent = 0;
    let countedTo = START;
    for (let from = 0; ; from += PAGE) {
      const { events } = await this.store.readStream(
        { tenant, name: streamOf('charges', runId) },
        { from, limit: PAGE },
      );
      for (const event of events) spent += chargeOf(event).amountMicroUnits ?? 0;
      countedTo = events.at(-1)?.position ?? countedTo;
      if (events.length < PAGE) return { spent, countedTo };
    }
  }

  /** All workspaces' log is read, to the end that it has now or beyond: `countedTo` is where the last page ended, exactly. */
  async #ofMonth(tenant: string, ledger: BudgetLedger): Promise<SpentBefore> {
    const end = await this.store.settled();
    let spent = 0;
    let countedTo = START;
    do {
      const slice = await this.store.readAll({ tenant, types: [ChargeRecorded.type], after: countedTo, limit: PAGE });
      for (const event of slice.events) spent += await this.#counted(tenant, ledger, chargeOf(event));
      countedTo = slice.scannedTo;
    } while (countedTo < end);
    return { spent, countedTo };
  }

  async #counted(tenant: string, { kind, id, month }: BudgetLedger, charge: Charge): Promise<number> {
    if (utcMonthOf(charge.usedAt) !== month) return 0;
    if (kind === 'FLOW' && (await this.flows.flowOf(tenant, charge.runId)) !== id) return 0;
    return charge.amountMicroUnits ?? 0;
  }
}

function chargeOf({ type, metadata, data }: RecordedEvent): Charge {
  return ChargeRecorded.schema.parse(catalogue.upcast(type, metadata.schemaVersion, data));
}
