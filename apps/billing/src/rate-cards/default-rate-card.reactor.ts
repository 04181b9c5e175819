import type { WorkspaceCreated } from '@runledger/contracts';
import type { RecordedEvent } from '@runledger/event-store';
import { reactionContext } from '@runledger/messaging';
import type { Reactor } from '@runledger/messaging';
import type { Clock } from '@runledger/platform';
import { BILLING } from '../billing-actor.js';
import type { RateCards } from './rate-cards.js';

/** A workspace was set up → it gets the shipped rate card, so that its first run is priced. */
export class DefaultRateCardReactor implements Reactor {
  readonly name = 'billing.default-rate-card';
  readonly types = ['WorkspaceCreated'];

  constructor(
    private readonly rateCards: RateCards,
    private readonly clock: Clock,
  ) {}

  async react(event: RecordedEvent): Promise<void> {
    const { workspaceId } = event.data as ReturnType<typeof WorkspaceCreated>['data'];
    const context = reactionContext(event, { reactor: this.name, actor: BILLING, now: this.clock.now() });
    await this.rateCards.ensureDefaultRateCard(workspaceId, context);
  }
}
