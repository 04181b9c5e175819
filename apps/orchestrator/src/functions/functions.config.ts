import { absolute, parseConfig } from '@runledger/platform';
import { z } from 'zod';

const schema = z.object({
  ORCHESTRATOR_FUNCTIONS: z
    .string()
    .min(1)
    .optional()
    .describe('a JavaScript module whose default export holds the functions that steps call, for the orchestrator'),
  ORCHESTRATOR_CALLS: z.coerce
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(256)
    .describe(
      'how many functions one orchestrator calls at a time, of all workspaces; further steps wait, those of each workspace in a queue of its own',
    ),
});
export { schema as functionsVariables };

export interface FunctionsConfig {
  /** An absolute path. */
  readonly module: string | undefined;
  /** At most. */
  readonly callsAtATime: number;
}

export function readFunctionsConfig(environment = process.env): FunctionsConfig {
  const { ORCHESTRATOR_FUNCTIONS: module, ORCHESTRATOR_CALLS: callsAtATime } = parseConfig(schema, environment);
  return { module: module === undefined ? undefined : absolute(module), callsAtATime };
}
