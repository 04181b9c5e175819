import { z } from 'zod';

/** Structure for the calls that readers know: an edit's diff, a new file. */
export const toolDetail = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('diff'), path: z.string(), diff: z.string() }),
  z.strictObject({ kind: z.literal('file'), path: z.string(), content: z.string(), truncated: z.boolean() }),
]);
export type ToolDetail = z.infer<typeof toolDetail>;
