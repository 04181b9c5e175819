import { catalogue } from '@runledger/contracts';
import { closestWords } from '@runledger/kernel';
import { RequestError } from '../graph/request-errors.js';

const NEAR = 3;
const SHOWN_CHARACTERS = 100;

/** Types that events of the log can have. A name that no event has throws `UNKNOWN_EVENT_TYPE`: nothing would ever come of it. */
export function knownTypes(types: readonly string[]): readonly string[] {
  const unknown = types.find(type => catalogue.find(type) === undefined);
  if (unknown === undefined) return types;
  const known = catalogue.definitions().map(({ type }) => type);
  const near = closestWords(unknown, known, NEAR).map(type => `\`${type}\``);
  const meant = near.length === 0 ? '' : `Did you mean ${near.join(' or ')}? `;
  throw new RequestError(
    'UNKNOWN_EVENT_TYPE',
    `No event is of the type \`${unknown.slice(0, SHOWN_CHARACTERS)}\`.`,
    `${meant}\`/catalogue\` shows every type, \`/catalogue/events.json\` lists them.`,
  );
}
