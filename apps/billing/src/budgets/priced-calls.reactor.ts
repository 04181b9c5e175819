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

type Exceeded = ReturnType<typeof BudgetExceeded>['data'];

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
    const waiting = new WaitingRuns();
    if (event.type === 'RateCardPublished') await this.#find(waiting, event.tenant);
    else waiting.hear(event);
    const runIds = waiting.ids();
    if (runIds.size === 0) return;
    const { version } = await rateCards.inForce(context.workspaceId, context.occurredAt);
    for (const runId of runIds) await budgets.priced(runId, version, context);
  }

  /** A workspace without budgets is not searched. */
  async #find(waiting: WaitingRuns, tenant: string): Promise<void> {
    const { store, budgets } = this.parts;
    if ((await budgets.limits(tenant)).size === 0) return;
    const end = await store.settled();
    let after = START;
    do {
      const slice = await store.readAll({ tenant, types: ['BudgetExceeded', 'BudgetFreed'], after, limit: PAGE });
      for (const event of slice.events) waiting.hear(event);
      after = slice.scannedTo;
    } while (after < end);
  }
}

/** Runs that wait for a price by what ledgers have told last of them; only these are kept, however long the log is. */
class WaitingRuns {
  readonly #held = new Map<string, string>();

  hear({ stream, type, data }: RecordedEvent): void {
    const { runId, rateCardVersion } = data as Exceeded;
    if (type === 'BudgetExceeded' && rateCardVersion !== undefined) this.#held.set(`${stream} ${runId}`, runId);
    else this.#held.delete(`${stream} ${runId}`);
  }

  ids(): ReadonlySet<string> {
    return new Set(this.#held.values());
  }
}
