/** How the price list says which models a price is of. */
export type ListedMatch =
  | { readonly or: readonly ListedMatch[] }
  | { readonly and: readonly ListedMatch[] }
  | { readonly equals: string }
  | { readonly starts_with: string }
  | { readonly ends_with: string }
  | { readonly contains: string }
  | { readonly regex: string };

/** Fine-tuned models have a price, but each a name of its own. */
const COMPLETE_NAME = /^(?!ft:)[\w.:/-]*[a-z\d]$/i;
const SNAPSHOT_DATE = /-(\d{8}|\d{4}-\d{2}-\d{2})$/;
const CUT_DATE = /-20\d{2}$/;

/**
 * The names that a card can be asked for: it knows no patterns. What begins in a certain way is listed by its beginning, which its dated
 * snapshots are priced by; a snapshot is left out where its model is there.
 */
export function namesOf({ id, match }: { readonly id: string; readonly match: ListedMatch }): string[] {
  const names = [...new Set([id, ...namesIn(match)])].filter(name => COMPLETE_NAME.test(name) && !CUT_DATE.test(name));
  return names.filter(name => !SNAPSHOT_DATE.test(name) || !names.includes(name.replace(SNAPSHOT_DATE, '')));
}

function namesIn(match: ListedMatch): string[] {
  if ('or' in match) return match.or.flatMap(namesIn);
  if ('equals' in match) return [match.equals];
  return 'starts_with' in match ? [match.starts_with] : [];
}
