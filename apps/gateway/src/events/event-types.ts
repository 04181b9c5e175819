import { catalogue, STREAM_OWNERS } from '@runledger/contracts';
import { closestWords } from '@runledger/kernel';
import { RequestError } from '../graph/request-errors.js';

const NEAR = 3;
const SHOWN_CHARACTERS = 100;
const CATEGORIES: readonly string[] = Object.values(STREAM_OWNERS).flat();

/** Types that events of the log can have. A name that no event has throws `UNKNOWN_EVENT_TYPE`: nothing would ever come of it. */
export function knownTypes(types: readonly string[]): readonly string[] {
  const unknown = types.find(type => catalogue.find(type) === undefined);
  if (unknown === undefined) return types;
  const known = catalogue.definitions().map(({ type }) => type);
  throw new RequestError(
    'UNKNOWN_EVENT_TYPE',
    `No event is of the type ${shown(unknown)}.`,
    `${meant(unknown, known)}\`/catalogue\` shows every type, \`/catalogue/events.json\` lists them.`,
  );
}

/** Categories that streams of the log can have. A name that no stream begins with throws `UNKNOWN_STREAM_CATEGORY`. */
export function knownCategories(categories: readonly string[]): readonly string[] {
  const unknown = categories.find(category => !CATEGORIES.includes(category));
  if (unknown === undefined) return categories;
  throw new RequestError(
    'UNKNOWN_STREAM_CATEGORY',
    `No stream is of the category ${shown(unknown)}.`,
    `${meant(unknown, CATEGORIES)}There are ${CATEGORIES.join(', ')}.`,
  );
}

function meant(unknown: string, known: readonly string[]): string {
  const near = closestWords(unknown, known, NEAR).map(shown);
  return near.length === 0 ? '' : `Did you mean ${near.join(' or ')}? `;
}

function shown(name: string): string {
  return `\`${name.slice(0, SHOWN_CHARACTERS)}\``;
}
