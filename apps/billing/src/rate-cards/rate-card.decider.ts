import { rateCardEvents, RateCardPublished } from '@runledger/contracts';
import type { RateCard, RateCardEvent } from '@runledger/contracts';
import { reject } from '@runledger/kernel';
import type { Decider, Problem, Rejection } from '@runledger/kernel';
import { problemsOf } from './rate-card-rules.js';
import { versionsToSeed } from './rate-card-seeding.js';
import type { Seeding } from './rate-card-seeding.js';
import { samePublication } from './rate-card-versions.js';
import type { Publication, RateCardState } from './rate-card-versions.js';

export type RateCardCommand =
  | { readonly type: 'PublishRateCard'; readonly data: Publication }
  /** Publishes what a price list says otherwise than the versions that were made of one, unless the workspace has a card of its own. */
  | { readonly type: 'SeedRateCard'; readonly data: Seeding };

export type RateCardRefusal = Rejection<'INVALID_RATE_CARD'>;

/** The prices of one workspace. A version is never edited: a new price is a new version. */
export const rateCards: Decider<RateCardCommand, RateCardState, RateCardEvent, RateCardRefusal> = {
  category: 'ratecard',
  events: rateCardEvents,
  initialState: () => ({ versions: [] }),
  evolve: (state, event) => ({ versions: [...state.versions, event.data] }),
  decide: (command, state) => {
    switch (command.type) {
      case 'PublishRateCard':
        return samePublication(state, command.data) ? [] : publish(command.data, state);
      case 'SeedRateCard':
        return seed(command.data, state);
    }
  },
};

function seed(seeding: Seeding, before: RateCardState): RateCardEvent[] | RateCardRefusal {
  let after = before;
  const events: RateCardEvent[] = [];
  for (const publication of versionsToSeed(seeding, before)) {
    const outcome = publish(publication, after);
    if ('rejected' in outcome) return outcome;
    after = outcome.reduce((state, event) => rateCards.evolve(state, event), after);
    events.push(...outcome);
  }
  return events;
}

function publish(publication: Publication, state: RateCardState): RateCardEvent[] | RateCardRefusal {
  const details = [...problemsOf(publication.card), ...otherCurrency(publication.card, state)];
  if (details.length > 0) {
    return reject('INVALID_RATE_CARD', 'The rate card was not published: it contradicts itself or its workspace.', {
      details,
      fix: 'Correct what the details name and publish again.',
    });
  }
  return [RateCardPublished({ ...publication, version: state.versions.length + 1 })];
}

/** Sums over charges mean something only in one currency (M1). */
function otherCurrency(card: RateCard, state: RateCardState): Problem[] {
  const [first] = state.versions;
  if (!first || first.card.currency === card.currency) return [];
  return [
    {
      path: 'currency',
      message: `This workspace is charged in ${first.card.currency}, not in ${card.currency}.`,
      fix: `Give the prices in ${first.card.currency}.`,
    },
  ];
}
