import type { RateCard, Usage } from '@runledger/contracts';
import { isUntold, price, type Price } from '../charges/price.js';

/** What is to be priced, and by which card. */
export interface PricingRequest {
  readonly workspaceId: string;
  /** When it was used, or is about to be. */
  readonly at: string;
  readonly usages: readonly Usage[];
  /** In force then; undefined: none. */
  readonly card: RateCard | undefined;
  readonly currency: string;
}

/**
 * Says what usage costs, in the order of the request. The same request must have the same answer: a use that is reported again is
 * priced again. Null is unpriced, which is not zero.
 */
export interface Calculator {
  price(request: PricingRequest): Promise<readonly Price[]>;
}

/** Prices by the rate card alone. */
export const cardCalculator: Calculator = {
  price: ({ usages, card }) => {
    const unpriced = { amountMicroUnits: null, note: 'unpriced: no rate card held at the time of use' };
    return Promise.resolve(usages.map(usage => (card ? price(usage, card) : unpriced)));
  },
};

/** A program of one's own is not believed about what nobody knows: none of it is not zero of it. */
export async function pricesBy(calculator: Calculator, request: PricingRequest): Promise<readonly Price[]> {
  if (!request.usages.some(isUntold)) return calculator.price(request);
  const [asked, byCard] = await Promise.all([calculator.price(request), cardCalculator.price(request)]);
  return request.usages.flatMap((usage, nth) => (isUntold(usage) ? byCard : asked)[nth] ?? []);
}
