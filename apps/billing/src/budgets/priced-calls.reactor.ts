import type { BudgetExceeded } from '@runledger/contracts';
import { START } from '@runledger/event-store';
import type { EventStore, RecordedEvent } from '@runledger/event-store';
import { reactionContext } from '@runledger/messaging';
import type { Reactor } from '@runledger/messaging';
import type { Clock } from '@runledger/platform';
import { BILLING } from '../billing-actor.js';
import type { RateCards } from '../rate-cards/rate-cards.js';
import type { BudgetDesk } from './budget-desk.js';

export interface PricedCallsParts {
  readonly store: EventStore;
  readonly rateCards: RateCards;
  readonly budgets: BudgetDesk;
  readonly clock: Clock;
}

const PAGE = 1_000;

/**
 * A rate card was published → runs go on whose next call had no price by the one before. A call may be held by that one and told of
 * after the other: then whoever hears of it finds that other prices hold by now. So no run waits for a price that is there.
 */
export class PricedCallsReactor implements Reactor {
  readonly name = 'billing.priced-calls';
  readonly types = ['RateCardPublished', 'BudgetExceeded'];

  constructor(private readonly parts: PricedCallsParts) {}

  async react(event: RecordedEvent): Promise<void> {
    const { budgets, rateCards, clock } = this.parts;
    const context = reactionContext(event, { reactor: this.name, actor: BILLING, now: clock.now() });
    const runIds = event.type === 'RateCardPublished' ? await this.#waiting(event.tenant) : runsHeldBy([event]);
    if (runIds.size === 0) return;
    const { version } = await rateCards.inForce(context.workspaceId, context.occurredAt);
    for (const runId of runIds) await budgets.priced(runId, version, context);
  }

  /** A workspace without budgets is not searched. */
  async #waiting(tenant: string): Promise<ReadonlySet<string>> {
    const { store, budgets } = this.parts;
    if ((await budgets.limits(tenant)).size === 0) return new Set();
    const end = await store.settled();
    const told: RecordedEvent[] = [];
    let after = START;
    do {
      const slice = await store.readAll({ tenant, types: ['BudgetExceeded', 'BudgetFreed'], after, limit: PAGE });
      told.push(...slice.events);
      after = slice.scannedTo;
    } while (after < end);
    return runsHeldBy(told);
  }
}

/** Runs that wait for a price by what ledgers have told last of them. */
function runsHeldBy(told: readonly RecordedEvent[]): ReadonlySet<string> {
  const held = new Map<string, string>();
  for (const { stream, type, data } of told) {
    const { runId, rateCardVersion } = data as DataOf<typeof BudgetExceeded>;
    if (type === 'BudgetExceeded' && rateCardVersion !== undefined) held.set(`${stream} ${runId}`, runId);
    else held.delete(`${stream} ${runId}`);
  }
  return new Set(held.values());
}

type DataOf<Definition extends (...args: never[]) => { readonly data: unknown }> = ReturnType<Definition>['data'];
