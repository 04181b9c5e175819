import { catalogue, ChargeRecorded } from '@runledger/contracts';
import type { AttemptEnded, RunCancelled, Usage, UsageRecorded } from '@runledger/contracts';
import type { CommandContext, CommandHandler, EventStore, RecordedEvent } from '@runledger/event-store';
import { idOf, keyOf, streamOf } from '@runledger/kernel';
import { reactionContext } from '@runledger/messaging';
import type { Reactor } from '@runledger/messaging';
import type { Clock } from '@runledger/platform';
import { BILLING } from '../billing-actor.js';
import type { BudgetDesk } from '../budgets/budget-desk.js';
import { settleCharge } from '../budgets/settle-charge.js';
import type { RateCards } from '../rate-cards/rate-cards.js';
import { cardCalculator, pricesBy, type Calculator } from '../calculator/calculator.js';
import { charges } from './charge.decider.js';

type Used = ReturnType<typeof UsageRecorded>['data'];
type Charge = ReturnType<typeof ChargeRecorded>['data'];

interface Recorded {
  readonly charge: Charge;
  readonly position: bigint;
}

export interface UsageParts {
  readonly handler: CommandHandler;
  readonly store: EventStore;
  readonly rateCards: RateCards;
  readonly budgets: BudgetDesk;
  readonly clock: Clock;
  /** Left out: the rate card alone. */
  readonly calculator?: Calculator;
}

const PAGE = 1_000;

/**
 * Usage was recorded → it is priced by the card in force at the time of use, charged to its run, and settled in its budgets.
 * An attempt ended → what is still set aside for it is given back. One reactor, because the order counts: what an attempt used
 * is charged before its end gives anything back.
 */
export class UsageReactor implements Reactor {
  readonly name = 'billing.usage';
  readonly types = ['UsageRecorded', 'AttemptEnded', 'RunCompleted', 'RunFailed', 'RunRejected', 'RunCancelled'];

  constructor(private readonly parts: UsageParts) {}

  async react(event: RecordedEvent): Promise<void> {
    const context = reactionContext(event, { reactor: this.name, actor: BILLING, now: this.parts.clock.now() });
    switch (event.type) {
      case 'UsageRecorded':
        return this.#charge(event, context);
      case 'AttemptEnded': {
        const { runId, step, attempt } = event.data as ReturnType<typeof AttemptEnded>['data'];
        const of = { step, attempt };
        return this.parts.budgets.releaseOf({ runId, of, reason: 'ATTEMPT_ENDED' }, context);
      }
      default:
        return this.parts.budgets.forget((event.data as ReturnType<typeof RunCancelled>['data']).runId, context);
    }
  }

  async #charge(event: RecordedEvent, context: CommandContext): Promise<void> {
    const { handler, budgets } = this.parts;
    const used = event.data as Used;
    const charge = await this.#priced(used, event.tenant, context.occurredAt);
    const stream = streamOf('charges', used.runId);
    const outcome = await handler.handle(charges, stream, { type: 'RecordCharge', data: charge }, context);
    if (outcome.status === 'refused') return;
    const { position } = outcome;
    // The first price holds, also when another card is in force by now.
    const recorded =
      position === undefined
        ? await this.#recorded(event.tenant, stream, charge.chargeId)
        : { charge: first(outcome.events), position };
    if (recorded) await settleCharge(budgets, recorded.charge, { position: recorded.position, context });
  }

  /** The charge that there is already, reported by another event. */
  async #recorded(tenant: string, name: string, chargeId: string): Promise<Recorded | undefined> {
    for (let from = 0; ; from += PAGE) {
      const { events } = await this.parts.store.readStream({ tenant, name }, { from, limit: PAGE });
      for (const { type, metadata, data, position } of events) {
        const charge = ChargeRecorded.schema.parse(catalogue.upcast(type, metadata.schemaVersion, data));
        if (charge.chargeId === chargeId) return { charge, position };
      }
      if (events.length < PAGE) return undefined;
    }
  }

  async #priced(used: Used, workspaceId: string, chargedAt: string): Promise<Charge> {
    const { runId, step, attempt, usageId, usage } = used;
    const { version, card, currency } = await this.parts.rateCards.inForce(workspaceId, used.at);
    const { calculator = cardCalculator } = this.parts;
    const [priced] = await pricesBy(calculator, { workspaceId, at: used.at, usages: [usage], card, currency });
    const { amountMicroUnits = null, note } = priced ?? {};
    return {
      chargeId: idOf('chg', keyOf(usageId)),
      usageId,
      runId,
      step,
      attempt,
      ...whatWasUsed(usage),
      amountMicroUnits,
      currency,
      rateCardVersion: version,
      ...(note === undefined ? {} : { note }),
      usedAt: used.at,
      chargedAt,
    };
  }
}

function whatWasUsed(usage: Usage): Pick<Charge, 'kind' | 'provider' | 'model' | 'resourceClass'> {
  switch (usage.kind) {
    case 'model':
      return { kind: 'model', provider: usage.provider, model: usage.model };
    case 'compute':
      return { kind: 'compute', resourceClass: usage.resourceClass };
  }
}

function first(events: readonly { readonly data: unknown }[]): Charge {
  return ChargeRecorded.schema.parse(events[0]?.data);
}
