import { parseConfig } from '@runledger/platform';
import { z } from 'zod';

const names = (what: string) =>
  z.string().default('').describe(`${what} that flows may require by name, separated by commas, for the orchestrator`);

const schema = z.object({
  AVAILABLE_CREDENTIALS: names('the credentials that steps find in their sandboxes,'),
  AVAILABLE_ENVIRONMENTS: names('the environments that steps reach,'),
  CONNECTED_INTEGRATIONS: names('the integrations that are connected,'),
});
export { schema as availableVariables };

/** What is there outside of flows and profiles: a flow that requires something else is not started. */
export interface AvailableConfig {
  readonly credentials: readonly string[];
  readonly environments: readonly string[];
  readonly integrations: readonly string[];
}

export function readAvailableConfig(environment = process.env): AvailableConfig {
  const values = parseConfig(schema, environment);
  return {
    credentials: listed(values.AVAILABLE_CREDENTIALS),
    environments: listed(values.AVAILABLE_ENVIRONMENTS),
    integrations: listed(values.CONNECTED_INTEGRATIONS),
  };
}

function listed(text: string): string[] {
  return text
    .split(',')
    .map(name => name.trim())
    .filter(name => name !== '');
}
