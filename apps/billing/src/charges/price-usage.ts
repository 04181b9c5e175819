import type { InputOf, OutputOf, PriceUsage } from '@runledger/contracts';
import type { CommandContext } from '@runledger/event-store';
import type { CommandOutcome } from '@runledger/platform';
import { pricesBy, type Calculator } from '../calculator/calculator.js';
import type { RateCards } from '../rate-cards/rate-cards.js';

/** Answers the command `PriceUsage`. */
export async function priceUsage(
  { rateCards, calculator }: { readonly rateCards: RateCards; readonly calculator: Calculator },
  { usages }: InputOf<typeof PriceUsage>,
  { workspaceId, occurredAt: at }: CommandContext,
): Promise<CommandOutcome<OutputOf<typeof PriceUsage>, never>> {
  const { card, version, currency } = await rateCards.inForce(workspaceId, at);
  const prices = await pricesBy(calculator, { workspaceId, at, usages, card, currency });
  return {
    status: 'accepted',
    output: { prices: [...prices], currency, rateCardVersion: version },
    position: undefined,
  };
}
