import type { InputOf, OutputOf, PriceUsage } from '@runledger/contracts';
import type { CommandContext } from '@runledger/event-store';
import type { CommandOutcome } from '@runledger/platform';
import type { RateCards } from '../rate-cards/rate-cards.js';
import { price } from './price.js';

/** Answers the command `PriceUsage`. */
export async function priceUsage(
  rateCards: RateCards,
  { usages }: InputOf<typeof PriceUsage>,
  { workspaceId, occurredAt }: CommandContext,
): Promise<CommandOutcome<OutputOf<typeof PriceUsage>, never>> {
  const { card, version, currency } = await rateCards.inForce(workspaceId, occurredAt);
  const unpriced = { amountMicroUnits: null, note: 'unpriced: no rate card is in force' };
  const prices = usages.map(usage => (card ? price(usage, card) : unpriced));
  return { status: 'accepted', output: { prices, currency, rateCardVersion: version }, position: undefined };
}
