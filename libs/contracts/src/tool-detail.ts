import { z } from 'zod';

/** One thing that an agent has set itself to do. */
export const todoItem = z.strictObject({
  content: z.string(),
  status: z.enum(['pending', 'in_progress', 'completed']),
});
export type TodoItem = z.infer<typeof todoItem>;

/** Structure for the calls that readers know: an edit's diff, a new file, a page with its beginning, what the agent has set itself to do. */
export const toolDetail = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('diff'), path: z.string(), diff: z.string() }),
  z.strictObject({ kind: z.literal('file'), path: z.string(), content: z.string(), truncated: z.boolean() }),
  z.strictObject({
    kind: z.literal('fetch'),
    url: z.string(),
    /** From here on: known when the call has ended. */
    finalUrl: z.string().optional(),
    status: z.int().optional(),
    mediaType: z.string().optional(),
    preview: z.string().optional(),
  }),
  z.strictObject({ kind: z.literal('todo'), items: z.array(todoItem) }),
]);
export type ToolDetail = z.infer<typeof toolDetail>;
