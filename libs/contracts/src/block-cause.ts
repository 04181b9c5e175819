import { z } from 'zod';

/** Why a step cannot go on without something from outside, and what removes the obstacle. */
export const blockCause = z.strictObject({
  kind: z.enum(['CREDENTIAL', 'ENVIRONMENT', 'INTEGRATION', 'SELF_REPORTED', 'SILENT', 'BUDGET']),
  message: z.string(),
  fix: z.string(),
  /** The name, or the kind, of an integration: when it is connected, the run goes on by itself. */
  needs: z.string().optional(),
});
export type BlockCause = z.infer<typeof blockCause>;
