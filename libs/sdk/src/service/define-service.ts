import { InvalidConsumerError } from '../consuming/consumer-errors.js';
import type { Consumer } from '../consuming/define-consumer.js';

/** One change of the service's tables. A shipped one never changes. */
export interface Migration {
  /** Such as `0001-days`. */
  readonly name: string;
  /** Tables without a schema come into the schema of the service. */
  readonly sql: string;
}

/** A service on the events: what it consumes, and its own tables. */
export interface ServiceDefinition {
  /** Also names its schema, with `_` for `-`. Lower-case letters, digits and hyphens, at most 40. */
  readonly name: string;
  readonly consumers: readonly Consumer[];
  /** Applied in this order, each once, at the start of whichever replica comes first. */
  readonly migrations?: readonly Migration[];
}

export interface Service extends Required<ServiceDefinition> {
  readonly schema: string;
}

const NAME = /^[a-z][a-z0-9-]{0,39}$/;
/** Not for a service: what the platform keeps there is not its own. */
const TAKEN = ['runledger', 'runledger-sdk', 'public'];

/** Says once what belongs to a service. Throws `InvalidConsumerError` when nobody could run it. */
export function defineService({ name, consumers, migrations = [] }: ServiceDefinition): Service {
  if (!NAME.test(name) || TAKEN.includes(name))
    throw new InvalidConsumerError(name, 'name a service in lower-case letters, digits and hyphens, at most 40');
  const names = consumers.map(consumer => consumer.name);
  const twice = names.find((each, at) => names.indexOf(each) !== at);
  if (twice !== undefined) throw new InvalidConsumerError(twice, `${name} has two consumers of this name`);
  return { name, consumers, migrations, schema: name.replaceAll('-', '_') };
}
