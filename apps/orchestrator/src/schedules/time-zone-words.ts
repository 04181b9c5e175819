/** What people write for the time of a place, and the place that is meant; all but the last have summer time. */
const PLACES: Readonly<Record<string, string>> = {
  ...named('America/New_York', 'est', 'edt', 'et', 'eastern'),
  ...named('America/Chicago', 'cst', 'cdt', 'ct', 'central'),
  ...named('America/Denver', 'mst', 'mdt', 'mt', 'mountain'),
  ...named('America/Los_Angeles', 'pst', 'pdt', 'pt', 'pacific'),
  ...named('Europe/London', 'bst'),
  ...named('Europe/Berlin', 'cet', 'cest'),
  ...named('Europe/Athens', 'eet', 'eest'),
  ...named('Asia/Tokyo', 'jst'),
  ...named('Australia/Sydney', 'aest', 'aedt'),
  ...named('UTC', 'utc', 'gmt', 'z'),
};

/** The place behind an abbreviation in lower case. */
export function placeOf(word: string): string | undefined {
  return PLACES[word];
}

/** What people should know about how their word was read. */
export function placeNote(word: string, place: string): string[] {
  if (place === 'UTC') return [];
  return [`${word} is read as the time of ${place}, with its summer time.`];
}

function named(place: string, ...words: readonly string[]): Record<string, string> {
  return Object.fromEntries(words.map(word => [word, place]));
}
