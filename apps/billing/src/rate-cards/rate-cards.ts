import { RateCardPublished } from '@runledger/contracts';
import type { InputOf, OutputOf, PublishRateCard, RateCard, RefusalOf } from '@runledger/contracts';
import { derivedId, newUuid } from '@runledger/event-store';
import type { CommandContext, CommandHandler } from '@runledger/event-store';
import type { Clock, CommandOutcome } from '@runledger/platform';
import { BILLING } from '../billing-actor.js';
import { defaultCardsFrom, shippedPrices } from './default-rate-card.js';
import { PRICE_LIST } from './list-prices/price-list.js';
import { isOwn, samePublication, versionInForce } from './rate-card-versions.js';
import type { RateCardState, RateCardVersion } from './rate-card-versions.js';
import { rateCards } from './rate-card.decider.js';

const STREAM = 'ratecard-default';

/** The prices that hold for some use; without a card, `card` and `version` are absent and the use is unpriced. */
export interface PricesInForce {
  readonly version: number | null;
  readonly card?: RateCard;
  readonly currency: string;
}

/** What became of the card of a workspace; `published`: its new versions. */
export type SeededRateCard =
  | { readonly status: 'OWN_CARD' | 'UP_TO_DATE' }
  | { readonly status: 'SEEDED'; readonly published: readonly RateCardVersion[] };

/** Publishes and finds the rate cards of workspaces: stream `ratecard-default` of each. */
export class RateCards {
  constructor(
    private readonly handler: CommandHandler,
    private readonly clock: Clock,
  ) {}

  /** Answers the command `PublishRateCard`. The same card and date again answer with the version that exists. */
  async publish(
    { card, effectiveFrom }: InputOf<typeof PublishRateCard>,
    context: CommandContext,
  ): Promise<CommandOutcome<OutputOf<typeof PublishRateCard>, RefusalOf<typeof PublishRateCard>>> {
    const outcome = await this.handler.handle(
      rateCards,
      STREAM,
      {
        type: 'PublishRateCard',
        data: { card, effectiveFrom, publishedBy: context.actor, publishedAt: context.occurredAt },
      },
      context,
    );
    if (outcome.status === 'refused') return outcome;
    const version = samePublication(outcome.state, { card, effectiveFrom })?.version;
    if (version === undefined) throw new TypeError('A rate card was accepted, but is in no version.');
    return {
      status: 'accepted',
      output: { version, created: outcome.events.length > 0 },
      position: outcome.position,
    };
  }

  /** Gives a workspace the card that this release ships, unless it has a card. Any number of calls count once (R1). */
  async ensureDefaultRateCard(workspaceId: string, cause?: CommandContext): Promise<void> {
    const { versions } = await this.#load(workspaceId);
    if (versions.length > 0) return;
    await this.#seed(workspaceId, { ...cause, commandId: derivedId(workspaceId, 'billing.default-rate-card', 0) });
  }

  /** Brings the card of a workspace to the prices of this release, from now on; one of its own stays as it is. */
  async seed(workspaceId: string): Promise<SeededRateCard> {
    const { versions } = await this.#load(workspaceId);
    if (versions.some(isOwn)) return { status: 'OWN_CARD' };
    const published = await this.#seed(workspaceId, { commandId: newUuid() });
    return published.length === 0 ? { status: 'UP_TO_DATE' } : { status: 'SEEDED', published };
  }

  async #seed(
    workspaceId: string,
    cause: Partial<CommandContext> & Pick<CommandContext, 'commandId'>,
  ): Promise<readonly RateCardVersion[]> {
    const now = this.clock.now();
    const data = { source: PRICE_LIST, cards: defaultCardsFrom(now), publishedBy: BILLING, publishedAt: now };
    const context = { actor: BILLING, occurredAt: now, correlationId: cause.commandId, ...cause, workspaceId };
    const outcome = await this.handler.handle(rateCards, STREAM, { type: 'SeedRateCard', data }, context);
    if (outcome.status === 'refused') {
      throw new TypeError(`The shipped rate card was refused: ${outcome.refusal.message}`);
    }
    return outcome.events.map(event => RateCardPublished.schema.parse(event.data));
  }

  /** Use may be reported before the reaction to its workspace's creation was: the card is made sure of here as well. */
  async inForce(workspaceId: string, at: string): Promise<PricesInForce> {
    let state = await this.#load(workspaceId);
    if (state.versions.length === 0) {
      await this.ensureDefaultRateCard(workspaceId);
      state = await this.#load(workspaceId);
    }
    const found = versionInForce(state, at);
    if (found) return { version: found.version, card: found.card, currency: found.card.currency };
    return { version: null, currency: state.versions[0]?.card.currency ?? shippedPrices.card.currency };
  }

  async #load(workspaceId: string): Promise<RateCardState> {
    const { state } = await this.handler.load(rateCards, { tenant: workspaceId, name: STREAM });
    return state;
  }
}
