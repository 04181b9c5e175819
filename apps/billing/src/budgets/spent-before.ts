import { catalogue, ChargeRecorded } from '@runledger/contracts';
import type { BudgetLedger } from '@runledger/contracts';
import type { EventStore, RecordedEvent } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';
import { beginOf, utcMonthOf } from './budget-scopes.js';
import type { RunFlows } from './run-flows.js';

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
   */
  async of(workspaceId: string, ledger: BudgetLedger, since: string): Promise<SpentBefore> {
    if (ledger.month !== undefined && Date.parse(since) < beginOf(ledger.month) - DAY_MS)
      return { spent: 0, countedTo: 0n };
    const head = await this.store.head();
    const charges = ledger.kind === 'RUN' ? this.#ofRun(workspaceId, ledger.id) : this.#ofMonth(workspaceId, ledger);
    let spent = 0;
    for await (const { position, amount } of charges) if (position <= head) spent += amount;
    return { spent, countedTo: head };
  }

  async *#ofRun(tenant: string, runId: string) {
    for (let from = 0; ; from += PAGE) {
      const { events } = await this.store.readStream(
        { tenant, name: streamOf('charges', runId) },
        { from, limit: PAGE },
      );
      for (const event of events) yield { position: event.position, amount: chargeOf(event).amountMicroUnits ?? 0 };
      if (events.length < PAGE) return;
    }
  }

  async *#ofMonth(tenant: string, { kind, id, month }: BudgetLedger) {
    let after = 0n;
    for (;;) {
      const slice = await this.store.readAll({ tenant, types: [ChargeRecorded.type], after, limit: PAGE });
      for (const event of slice.events) {
        const { runId, usedAt, amountMicroUnits } = chargeOf(event);
        if (utcMonthOf(usedAt) !== month || amountMicroUnits === null) continue;
        if (kind === 'FLOW' && (await this.flows.flowOf(tenant, runId)) !== id) continue;
        yield { position: event.position, amount: amountMicroUnits };
      }
      if (slice.caughtUp) return;
      after = slice.scannedTo;
    }
  }
}

function chargeOf({ type, metadata, data }: RecordedEvent): ReturnType<typeof ChargeRecorded>['data'] {
  return ChargeRecorded.schema.parse(catalogue.upcast(type, metadata.schemaVersion, data));
}
