import { DEPLOYED_SERVICES } from '@runledger/contracts';
import { Fault } from '@runledger/kernel';

/** The first argument names no service. */
export class UnknownServiceError extends Fault {
  constructor(name: string | undefined) {
    super('UNKNOWN_SERVICE', `${whatIs(name)}; name one of ${DEPLOYED_SERVICES.join(', ')}.`, { fields: { name } });
  }
}

/** Nothing is to be relayed: whoever follows the log reads it from the store. */
export class RelayUnneededError extends Fault {
  constructor() {
    super(
      'RELAY_UNNEEDED',
      'A relay brings the log to Kafka, and DISTRIBUTION is not kafka: set it, or start no relay.',
    );
  }
}

function whatIs(name: string | undefined): string {
  return name === undefined ? 'No service is named' : `${name} is no service`;
}
