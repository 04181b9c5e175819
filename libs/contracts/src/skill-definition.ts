import { z } from 'zod';
import { toolName } from './agent-permissions.js';
import { mcpServers } from './mcp-servers.js';
import { json, slug } from './values.js';

/** Named instructions, tools and the shape of a result, that agent steps work with. */
export const skillDefinition = z.strictObject({
  slug,
  name: z.string().min(1).max(200),
  description: z.string().max(4_000).optional(),
  /** Standing instructions; those of a step follow them. May hold references to the run's parameters and steps. */
  instructions: z.string().min(1).max(50_000),
  /** The tools of steps that name none themselves; left out: all. */
  tools: z.array(toolName).max(50).optional(),
  /** Servers whose tools its agents have, beside those of the sandbox profile. */
  mcpServers: mcpServers.optional(),
  /** A JSON Schema (draft 2020-12) for the output of steps that have none themselves. */
  output: z.record(z.string(), json).optional(),
});
export type SkillDefinition = z.infer<typeof skillDefinition>;
