import type { RateCard } from '@runledger/contracts';
import { canonicalJson } from '@runledger/kernel';
import { isOwn, versionInForce } from './rate-card-versions.js';
import type { Publication, RateCardState } from './rate-card-versions.js';

/** What a price list says from now on. */
export interface Seeding extends Omit<Publication, 'card' | 'effectiveFrom' | 'source'> {
  readonly source: string;
  /** The first holds now, each further one from its time on, the earliest first. */
  readonly cards: readonly [DatedCard, ...DatedCard[]];
}

export interface DatedCard {
  readonly effectiveFrom: string;
  readonly card: RateCard;
}

/**
 * What is to be published so that, from now on, the cards are those of the list. What held until now is left as it is, also where the
 * list has another opinion of it by now: prices move forwards only. Empty when the workspace has a card of its own.
 */
export function versionsToSeed(seeding: Seeding, state: RateCardState): Publication[] {
  if (state.versions.some(isOwn)) return [];
  const { cards, source, publishedBy, publishedAt } = seeding;
  const [first] = cards;
  const told = { source, publishedBy, publishedAt };
  const publications: Publication[] = state.versions.length > 0 ? [] : [{ ...told, ...first }];
  for (const at of changesFrom(seeding, state)) {
    const card = cards.findLast(({ effectiveFrom }) => Date.parse(effectiveFrom) <= Date.parse(at))?.card ?? first.card;
    const versions = [...state.versions, ...publications.map(one => ({ ...one, version: 0 }))];
    const held = versionInForce({ versions }, at);
    if (!held || canonicalJson(held.card) !== canonicalJson(card))
      publications.push({ ...told, card, effectiveFrom: at });
  }
  return publications;
}

/** Now, and whenever the list or what was made of an older one changes something later. */
function changesFrom({ cards, publishedAt }: Seeding, { versions }: RateCardState): string[] {
  const all = [...cards, ...versions].map(({ effectiveFrom }) => effectiveFrom);
  const later = all.filter(at => Date.parse(at) > Date.parse(publishedAt));
  const now = versions.length > 0 ? [publishedAt] : [];
  return [...new Set([...now, ...later])].sort((a, b) => Date.parse(a) - Date.parse(b));
}
