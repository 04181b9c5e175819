import type { ChargeRecorded, Usage, UsageRecorded } from '@runledger/contracts';
import type { CommandHandler, RecordedEvent } from '@runledger/event-store';
import { idOf, keyOf, streamOf } from '@runledger/kernel';
import { reactionContext } from '@runledger/messaging';
import type { Reactor } from '@runledger/messaging';
import type { Clock } from '@runledger/platform';
import { BILLING } from '../billing-actor.js';
import type { RateCards } from '../rate-cards/rate-cards.js';
import { charges } from './charge.decider.js';
import { price } from './price.js';

type Used = ReturnType<typeof UsageRecorded>['data'];
type Charge = ReturnType<typeof ChargeRecorded>['data'];

/** Usage was recorded → it is priced by the card in force at the time of use, and charged to its run. */
export class UsageReactor implements Reactor {
  readonly name = 'billing.usage';
  readonly types = ['UsageRecorded'];

  constructor(
    private readonly handler: CommandHandler,
    private readonly rateCards: RateCards,
    private readonly clock: Clock,
  ) {}

  async react(event: RecordedEvent): Promise<void> {
    const used = event.data as Used;
    const now = this.clock.now();
    const charge = await this.#priced(used, event.tenant, now);
    await this.handler.handle(
      charges,
      streamOf('charges', used.runId),
      { type: 'RecordCharge', data: charge },
      reactionContext(event, { reactor: this.name, actor: BILLING, now }),
    );
  }

  async #priced(used: Used, workspaceId: string, chargedAt: string): Promise<Charge> {
    const { runId, step, attempt, usageId, usage } = used;
    const { version, card, currency } = await this.rateCards.inForce(workspaceId, used.at);
    const { amountMicroUnits, note } = card
      ? price(usage, card)
      : { amountMicroUnits: null, note: 'unpriced: no rate card held at the time of use' };
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
