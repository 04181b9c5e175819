import { z } from 'zod';

/** A value, or the name of a credential whose value is put there when it is needed, after `prefix`. */
export const secretOrText = z.union([
  z.string().max(10_000),
  z.strictObject({ credential: z.string().min(1).max(200), prefix: z.string().max(100).optional() }),
]);
export type SecretOrText = z.infer<typeof secretOrText>;

const common = {
  /** Part of the names of its tools: `mcp__<name>__<tool>`. */
  name: z
    .string()
    .regex(/^[a-z](?:[a-z0-9-]|_(?!_)){0,30}$/, 'lower-case letters, digits, dashes and single underscores'),
  /** Tools that it has to have; one that is missing makes the integration unavailable. */
  needs: z.array(z.string().min(1).max(200)).max(100).optional(),
};

/** A server of the Model Context Protocol: a program that runs in the sandbox, or an address. */
export const mcpServer = z.union([
  z.strictObject({
    ...common,
    command: z.array(z.string().min(1).max(10_000)).min(1).max(100),
    env: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), secretOrText).optional(),
  }),
  z.strictObject({
    ...common,
    url: z.url({ protocol: /^https?$/ }).max(2_000),
    headers: z.record(z.string().regex(/^[A-Za-z0-9-]{1,100}$/), secretOrText).optional(),
  }),
]);
export type McpServer = z.infer<typeof mcpServer>;

export const mcpServers = z.array(mcpServer).max(20);
