import type { IntegrationBook, StepError } from '@runledger/contracts';
import type { ReadyStep } from '../attempt/attempt-place.js';

/** What the operator says is there for every workspace, by name. */
export interface OperatorsOffer {
  readonly credentials: readonly string[];
  readonly integrations: readonly string[];
}

/** The first thing that a step requires and its workspace has not, as what blocks it. */
export function unmetNeed(
  requires: ReadyStep['requires'],
  book: IntegrationBook,
  offer: OperatorsOffer,
): StepError | undefined {
  const kinds = new Set<string>([...book.values()].map(({ kind }) => kind));
  const credential = requires?.credentials.find(name => !book.has(name) && !offer.credentials.includes(name));
  if (credential !== undefined) return missing('CREDENTIAL', 'credential', credential);
  const integration = requires?.integrations.find(
    name => !book.has(name) && !kinds.has(name) && !offer.integrations.includes(name),
  );
  return integration === undefined ? undefined : missing('INTEGRATION', 'integration', integration);
}

function missing(code: 'CREDENTIAL' | 'INTEGRATION', what: string, name: string): StepError {
  return {
    code,
    message: `The step requires the ${what} ${name}, which is not connected.`,
    fix: `Connect ${name}: the run goes on by itself.`,
    needs: name,
  };
}
