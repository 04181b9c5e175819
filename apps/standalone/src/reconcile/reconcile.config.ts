import { parseConfig } from '@runledger/platform';
import { z } from 'zod';

const schema = z.object({
  RUNLEDGER_URL: z.string().default('http://127.0.0.1:4000').describe('where the API is, for the command line'),
  RUNLEDGER_TOKEN: z.string().describe('a token with the scope billing.read, for the command line'),
});

export { schema as reconcileVariables };

export interface ReconcileConfig {
  readonly url: string;
  readonly token: string;
}

export function readReconcileConfig(environment = process.env): ReconcileConfig {
  const { RUNLEDGER_URL: url, RUNLEDGER_TOKEN: token } = parseConfig(schema, environment);
  return { url, token };
}
