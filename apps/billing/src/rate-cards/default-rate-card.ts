import { readFileSync } from 'node:fs';
import { rateCard } from '@runledger/contracts';
import type { RateCard } from '@runledger/contracts';
import { z } from 'zod';
import { installedPriceList } from './list-prices/price-list.js';
import type { PriceList } from './list-prices/price-list.js';
import type { DatedCard } from './rate-card-seeding.js';

const shipped = z.strictObject({
  collectedOn: z.iso.date(),
  sources: z.array(z.string()).min(1),
  notes: z.array(z.string()),
  effectiveFrom: z.iso.datetime(),
  card: rateCard,
});

/** What this release knows beside the price list: models that are not on it yet, machines, and what is free on purpose. */
export const shippedPrices = shipped.parse(
  JSON.parse(readFileSync(new URL('./default-rate-card.json', import.meta.url), 'utf8')),
);

let installed: PriceList | undefined;

/** The price list of this release, read on first use. */
export function priceList(): PriceList {
  return (installed ??= installedPriceList());
}

/** The card of this release as it is at a time: the price list, and what it does not have. */
export function defaultCardAt(at: string, list: PriceList = priceList()): RateCard {
  const models = list.modelsAt(at);
  const listed = new Set(models.map(({ provider, model }) => `${provider} ${model}`));
  const added = shippedPrices.card.models.filter(({ provider, model }) => !listed.has(`${provider} ${model}`));
  return { ...shippedPrices.card, models: [...models, ...added] };
}

/** The card of now, which a workspace begins with, and those of later. */
export function defaultCardsFrom(now: string, list: PriceList = priceList()): [DatedCard, ...DatedCard[]] {
  const later = list.changes.filter(at => Date.parse(at) > Date.parse(now));
  return [
    { effectiveFrom: shippedPrices.effectiveFrom, card: defaultCardAt(now, list) },
    ...later.map(effectiveFrom => ({ effectiveFrom, card: defaultCardAt(effectiveFrom, list) })),
  ];
}
