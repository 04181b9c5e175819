import { absolute, parseConfig } from '@runledger/platform';
import { z } from 'zod';

const schema = z.object({
  ORCHESTRATOR_FUNCTIONS: z
    .string()
    .min(1)
    .optional()
    .describe('a JavaScript module whose default export holds the functions that steps call, for the orchestrator'),
});
export { schema as functionsVariables };

export interface FunctionsConfig {
  /** An absolute path. */
  readonly module: string | undefined;
}

export function readFunctionsConfig(environment = process.env): FunctionsConfig {
  const { ORCHESTRATOR_FUNCTIONS: module } = parseConfig(schema, environment);
  return { module: module === undefined ? undefined : absolute(module) };
}
