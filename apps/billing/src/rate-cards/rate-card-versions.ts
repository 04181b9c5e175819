import type { RateCard, RateCardPublished } from '@runledger/contracts';
import { canonicalJson } from '@runledger/kernel';

export type RateCardVersion = ReturnType<typeof RateCardPublished>['data'];
export type Publication = Omit<RateCardVersion, 'version'>;

/** All versions of a workspace's card, oldest first. */
export interface RateCardState {
  readonly versions: readonly RateCardVersion[];
}

/**
 * The version that holds at a time: the latest that was in effect by then; of two for one date, the newer. The workspace's own win over
 * those that were made of a price list, whatever prices that has known beforehand.
 */
export function versionInForce(state: RateCardState, at: string): RateCardVersion | undefined {
  const begun = state.versions.filter(({ effectiveFrom }) => Date.parse(effectiveFrom) <= Date.parse(at));
  const own = begun.filter(isOwn);
  return (own.length > 0 ? own : begun).reduce<RateCardVersion | undefined>(
    (found, version) =>
      found && Date.parse(found.effectiveFrom) > Date.parse(version.effectiveFrom) ? found : version,
    undefined,
  );
}

/** Somebody published it, and no price list. */
export function isOwn({ source }: Pick<RateCardVersion, 'source'>): boolean {
  return source === undefined;
}

/** The version that this very card and date were published as. */
export function samePublication(
  state: RateCardState,
  asked: { readonly card: RateCard; readonly effectiveFrom: string },
): RateCardVersion | undefined {
  const card = canonicalJson(asked.card);
  return state.versions.find(
    version =>
      isOwn(version) &&
      Date.parse(version.effectiveFrom) === Date.parse(asked.effectiveFrom) &&
      canonicalJson(version.card) === card,
  );
}
