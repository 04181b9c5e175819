import { z } from 'zod';

/** What was used: tokens of a model in disjoint buckets, or time of a machine. */
export const usage = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('model'),
    provider: z.string(),
    model: z.string(),
    inputTokens: z.int().nonnegative(),
    outputTokens: z.int().nonnegative(),
    cacheReadTokens: z.int().nonnegative(),
    /** Kept for five minutes, as caches are unless somebody asks for longer. */
    cacheWriteTokens: z.int().nonnegative(),
    /** Kept for an hour, which costs more. */
    cacheWrite1hTokens: z.int().nonnegative(),
    reasoningTokens: z.int().nonnegative(),
  }),
  z.strictObject({ kind: z.literal('compute'), resourceClass: z.string(), milliseconds: z.int().nonnegative() }),
]);
export type Usage = z.infer<typeof usage>;
