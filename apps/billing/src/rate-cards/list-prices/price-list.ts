import { findProvider } from '@pydantic/genai-prices';
import type { RateCard } from '@runledger/contracts';
import { namesOf } from './listed-names.js';
import type { ListedMatch } from './listed-names.js';
import { entriesOf } from './listed-prices.js';
import type { Entry, ListedPrices } from './listed-prices.js';

/** What the prices of models are taken from, as it is written into the cards that are made of it. */
export const PRICE_LIST = '@pydantic/genai-prices 0.1.8';

/** Vendors of the list, and the provider that their models are reached through here. */
const VENDORS = [
  { vendor: 'anthropic', provider: 'anthropic' },
  { vendor: 'openai', provider: 'openai-compatible' },
] as const;

/** Open weights: whoever serves them sets the price, and the vendor itself does not sell them. */
const SERVED_BY_OTHERS = /^gpt-oss-/;

interface Constraint {
  readonly type: string;
  readonly start_date?: string;
}

/** A model of the list, as the list writes it. */
export interface ListedModel {
  readonly id: string;
  readonly match: ListedMatch;
  readonly prices:
    ListedPrices | readonly { readonly constraint?: Constraint | undefined; readonly prices: ListedPrices }[];
}

/** Prices of one model under all its names, and from when they hold; undefined: from the beginning. */
interface DatedEntries {
  readonly provider: string;
  readonly names: readonly string[];
  readonly dates: readonly { readonly from: string | undefined; readonly entries: readonly Entry[] }[];
}

/** Something of the list that is in no card, and why. */
export interface LeftOut {
  readonly what: string;
  readonly why: string;
}

/** All that is taken from a price list. Times are ISO 8601, prices begin with a day of UTC. */
export class PriceList {
  readonly leftOut: LeftOut[] = [];
  readonly #models: DatedEntries[] = [];
  readonly #units = new Map<string, number>();

  constructor(vendors: readonly { readonly provider: string; readonly models: readonly ListedModel[] }[]) {
    for (const { provider, models } of vendors) for (const model of models) this.#take(provider, model);
    for (const [unit, models] of this.#units)
      this.leftOut.push({ what: unit, why: `${models} prices are in it, and no usage is recorded in it` });
  }

  /** The times at which some price changes, the earliest first. */
  get changes(): readonly string[] {
    const all = this.#models.flatMap(({ dates }) => dates.flatMap(({ from }) => from ?? []));
    return [...new Set(all)].sort();
  }

  /** The models of a card as they cost at a time. The first that has a name keeps it. */
  modelsAt(at: string): RateCard['models'] {
    const models = new Map<string, RateCard['models']>();
    for (const { provider, names, dates } of this.#models) {
      const entries = dates
        .filter(({ from }) => from === undefined || Date.parse(from) <= Date.parse(at))
        .at(-1)?.entries;
      for (const model of names) {
        const key = `${provider} ${model}`;
        if (entries && !models.has(key))
          models.set(
            key,
            entries.map(entry => ({ provider, model, ...entry })),
          );
      }
    }
    return [...models.values()].flat();
  }

  #take(provider: string, model: ListedModel): void {
    const names = namesOf(model);
    const leave = (why: string) => this.leftOut.push({ what: `${provider} ${model.id}`, why });
    if (names.length === 0) return void leave('it is listed by a pattern, not by a name');
    if (SERVED_BY_OTHERS.test(model.id))
      return void leave('its weights are open, and whoever serves it sets the price');
    const listed = Array.isArray(model.prices) ? model.prices : [{ prices: model.prices as ListedPrices }];
    const dates: { from: string | undefined; entries: readonly Entry[] }[] = [];
    for (const { constraint, prices } of listed as readonly { constraint?: Constraint; prices: ListedPrices }[]) {
      if (constraint && constraint.start_date === undefined)
        return void leave(`its price depends on ${constraint.type}`);
      const { entries, units, problem } = entriesOf(prices);
      for (const unit of units) this.#units.set(unit, (this.#units.get(unit) ?? 0) + 1);
      if (problem !== undefined) return void leave(problem);
      const from = constraint?.start_date;
      dates.push({ from: from === undefined ? undefined : new Date(`${from}T00:00:00.000Z`).toISOString(), entries });
    }
    dates.sort((a, b) => Date.parse(a.from ?? '0001-01-01') - Date.parse(b.from ?? '0001-01-01'));
    this.#models.push({ provider, names, dates });
  }
}

/** The list that is installed with this release. It is never fetched from elsewhere. */
export function installedPriceList(): PriceList {
  return new PriceList(
    VENDORS.map(({ vendor, provider }) => ({
      provider,
      models: findProvider({ providerId: vendor })?.models ?? [],
    })),
  );
}
