import { rateCardEvents, RateCardPublished } from '@runledger/contracts';
import type { RateCard, RateCardEvent } from '@runledger/contracts';
import { canonicalJson, reject } from '@runledger/kernel';
import type { Decider, Problem, Rejection } from '@runledger/kernel';
import { problemsOf } from './rate-card-rules.js';

export type RateCardVersion = ReturnType<typeof RateCardPublished>['data'];
type Publication = Omit<RateCardVersion, 'version'>;

export type RateCardCommand =
  | { readonly type: 'PublishRateCard'; readonly data: Publication }
  /** Publishes unless the workspace has a card already, whatever that says. */
  | { readonly type: 'EnsureRateCard'; readonly data: Publication };

/** All versions of a workspace's card, oldest first. */
export interface RateCardState {
  readonly versions: readonly RateCardVersion[];
}

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
      case 'EnsureRateCard':
        return state.versions.length > 0 ? [] : publish(command.data, state);
    }
  },
};

/** The version that holds at a time: the latest that was in effect by then; of two for one date, the newer. */
export function versionInForce(state: RateCardState, at: string): RateCardVersion | undefined {
  const instant = Date.parse(at);
  let found: RateCardVersion | undefined;
  for (const version of state.versions) {
    const from = Date.parse(version.effectiveFrom);
    if (from <= instant && (!found || from >= Date.parse(found.effectiveFrom))) found = version;
  }
  return found;
}

/** The version that this very card and date were published as. */
export function samePublication(
  state: RateCardState,
  asked: { readonly card: RateCard; readonly effectiveFrom: string },
): RateCardVersion | undefined {
  const card = canonicalJson(asked.card);
  return state.versions.find(
    version =>
      Date.parse(version.effectiveFrom) === Date.parse(asked.effectiveFrom) && canonicalJson(version.card) === card,
  );
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
